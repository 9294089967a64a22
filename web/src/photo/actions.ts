// The officer's verdicts. Each is shown at once, sent in the order given, and taken back from the page when it fails.
import { signal } from "@preact/signals";
import { ApiError, sentence } from "../api";
import { t } from "../i18n";
import { hitById, hits, photoOpen, refreshHits, replaceHit, runId, select, selected, shown } from "../run/state";
import type { Hit, HitProperties } from "../types";
import { className } from "../run/classes";
import { can } from "../session";
import { addReview, takeBack, type ReviewBody, type TakenBack } from "./calls";
import { loadDetail, putDetail } from "./detail";
import { sayDone, sayFailed } from "./done";
import { openHit } from "./opening";
import { goOn } from "./settings";
import type { HitDetail, MoveTo } from "./types";
import { hitName, verdictWord } from "./words";

/** What is asked for in the panel or the viewer: a class, or a comment. */
export interface Asked {
  hit: string;
  what: "class" | "comment";
}

/** Hits with a verdict on its way, and "undo" while something is taken back. */
export const onTheWay = signal<ReadonlySet<string>>(new Set());
export const asked = signal<Asked | null>(null);

const TAKING_BACK = "undo";
let last: Promise<unknown> = Promise.resolve();

/** One after the other, so that the server's order is the officer's. */
function inTurn<T>(act: () => Promise<T>): Promise<T> {
  const next = last.then(act, act);
  last = next.catch(() => undefined);
  return next;
}

function mark(key: string, busy: boolean): void {
  const keys = new Set(onTheWay.value);
  if (busy) keys.add(key);
  else keys.delete(key);
  onTheWay.value = keys;
}

function changed(hit: Hit, change: Partial<HitProperties>, coordinates?: readonly [number, number]): Hit {
  const [, , ...height] = hit.geometry.coordinates;
  const at = coordinates ? ([...coordinates, ...height] as Hit["geometry"]["coordinates"]) : hit.geometry.coordinates;
  return { ...hit, geometry: { ...hit.geometry, coordinates: at }, properties: { ...hit.properties, ...change } };
}

/** How the hit will look when the server has agreed. */
function foreseen(hit: Hit, body: ReviewBody): Hit {
  switch (body.verdict) {
    case "confirmed":
    case "rejected":
      return changed(hit, { verdict: body.verdict });
    case "reclassed":
      return changed(hit, { class: body.value, reclassed: true });
    case "commented":
      return changed(hit, { comments: hit.properties.comments + 1 });
    case "moved":
      return "coordinates" in body.value ? changed(hit, { moved: true }, body.value.coordinates) : hit;
  }
}

/** A key that is held down says nothing new. */
function saidAlready(hit: HitProperties, body: ReviewBody): boolean {
  return body.verdict === hit.verdict || (body.verdict === "reclassed" && body.value === hit.class);
}

/** Send a verdict; false when it was not kept (the page says why). A hit takes one at a time. */
async function review(id: string, body: ReviewBody): Promise<boolean> {
  const before = hitById(id);
  if (!before || !can("review") || onTheWay.value.has(id) || saidAlready(before.properties, body)) return false;
  const run = runId.value;
  const ahead = foreseen(before, body);
  mark(id, true);
  replaceHit(ahead);
  try {
    const answer = await inTurn(() => addReview(id, body));
    if (runId.value === run) accept(answer);
    sayDone(doneText(before.properties, body), () => void reviewActions.undo());
    return true;
  } catch (why) {
    if (runId.value === run) takeBackFromPage(before, ahead, why);
    sayFailed(t("photo_not_kept", { what: doneText(before.properties, body), why: sentence(why) }));
    return false;
  } finally {
    mark(id, false);
  }
}

function accept(answer: HitDetail): void {
  replaceHit(answer);
  putDetail(answer);
}

function takeBackFromPage(before: Hit, ahead: Hit, why: unknown): void {
  if (hits.value.features.includes(ahead)) replaceHit(before);
  if (why instanceof ApiError && (why.status === 409 || why.status === 404)) void seeAgain();
}

/** Somebody else was faster, or the hit is gone: what the server has now is shown. */
async function seeAgain(): Promise<void> {
  await refreshHits().catch(() => undefined);
  await loadDetail(selected.value);
}

function doneText(hit: HitProperties, body: ReviewBody): string {
  const what = t(verdictWord(body.verdict));
  const to = body.verdict === "reclassed" ? ` → ${className(body.value)}` : "";
  return `${what} ${hitName(hit)}${to}`;
}

/** The open hit after this one in the list, else the first one. */
function nextOpen(id: string): string | null {
  const list = shown.value;
  const at = list.findIndex((hit) => hit.properties.id === id);
  const after = [...list.slice(at + 1), ...list.slice(0, Math.max(0, at))];
  return after.find((hit) => hit.properties.verdict === "open")?.properties.id ?? null;
}

async function judge(id: string, verdict: "confirmed" | "rejected"): Promise<boolean> {
  const next = goOn.value ? nextOpen(id) : null;
  const sent = review(id, { verdict });
  if (next !== null && onTheWay.value.has(id)) goOnTo(next);
  return sent;
}

async function reclass(id: string, label: string): Promise<boolean> {
  asked.value = null;
  return review(id, { verdict: "reclassed", value: label });
}

function goOnTo(id: string): void {
  select(id);
  if (photoOpen.value) openHit(id).catch(() => undefined); // the evidence says what is wrong
}

async function back(what: "undo" | "redo"): Promise<boolean> {
  if (!can("review") || onTheWay.value.has(TAKING_BACK)) return false;
  const run = runId.value;
  mark(TAKING_BACK, true);
  try {
    const answer = await inTurn(() => takeBack(what));
    if (runId.value === run) await showTakenBack(answer);
    sayDone(backText(what, answer), what === "undo" ? null : () => void reviewActions.undo());
    return true;
  } catch (why) {
    sayFailed(sentence(why));
    return false;
  } finally {
    mark(TAKING_BACK, false);
  }
}

async function showTakenBack({ undone, redone, hit }: TakenBack): Promise<void> {
  if (hit) {
    accept(hit);
    select(hit.properties.id);
    return;
  }
  const gone = (undone ?? redone)?.hit;
  await refreshHits();
  if (selected.value === gone) select(null);
}

function backText(what: "undo" | "redo", { undone, redone, hit }: TakenBack): string {
  const entry = undone ?? redone;
  const name = hit ? ` ${hitName(hit.properties)}` : "";
  return t(what === "undo" ? "photo_done_undo" : "photo_done_redo", { what: `${t(verdictWord(entry?.verdict ?? "added"))}${name}` });
}

function ask(id: string, what: Asked["what"]): void {
  if (can("review") && hitById(id)) asked.value = { hit: id, what };
}

/** What an officer does with a hit; the buttons and the keys both come here. True when the server kept it. */
export const reviewActions = {
  confirm: (id: string): Promise<boolean> => judge(id, "confirmed"),
  reject: (id: string): Promise<boolean> => judge(id, "rejected"),
  move: (id: string, value: MoveTo): Promise<boolean> => review(id, { verdict: "moved", value }),
  reclass: (id: string, label: string): Promise<boolean> => reclass(id, label),
  comment: (id: string, note: string): Promise<boolean> => review(id, { verdict: "commented", note }),
  undo: (): Promise<boolean> => back("undo"),
  redo: (): Promise<boolean> => back("redo"),
  /** Ask for the class or the comment where the evidence is shown. */
  askClass: (id: string): void => ask(id, "class"),
  askComment: (id: string): void => ask(id, "comment"),
};
