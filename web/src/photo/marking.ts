// Adding a hit by pointing at it, or pointing where a hit really is: a crosshair, the ground below it, a class, a comment.
import { signal } from "@preact/signals";
import { sentence } from "../api";
import { t } from "../i18n";
import { replaceHit, select } from "../run/state";
import { reviewActions } from "./actions";
import { addPin, locate } from "./calls";
import { sayDone } from "./done";
import { inside, rounded, type Size } from "./pixels";
import type { HitDetail, Located, XY } from "./types";
import { hitName } from "./words";

export interface Marking {
  k: number;
  size: Size;
  hit: string | null; // the hit that is put elsewhere, or null: a new one
  aim: XY; // where the crosshair is
  set: boolean; // whether that is the source point
  located: Located | null;
  refusal: string; // why there is no place for this point, or why it was not saved
  label: string;
  comment: string;
  saving: boolean;
}

const RESTS_MS = 180; // the place is asked for when the point has been still for so long

export const marking = signal<Marking | null>(null);
let timer: ReturnType<typeof setTimeout> | undefined;
let lastLabel = "";

function change(part: Partial<Marking>): void {
  if (marking.value) marking.value = { ...marking.value, ...part };
}

/** Begin, with the crosshair at `aim`; with `hit` that one is put elsewhere. */
export function startMarking(k: number, size: Size, aim: XY, hit: string | null = null): void {
  const at = rounded(inside(aim, size));
  marking.value = { k, size, hit, aim: at, set: false, located: null, refusal: "", label: lastLabel, comment: "", saving: false };
}

export function stopMarking(): void {
  clearTimeout(timer);
  marking.value = null;
}

/** Put the crosshair at a point; once the source point is set, that moves with it. */
export function aimAt(point: XY): void {
  const now = marking.value;
  if (!now || now.saving) return;
  change({ aim: rounded(inside(point, now.size)), refusal: "" });
  if (now.set) askWhere();
}

/** Take the crosshair's place as the source point. */
export function setPoint(point?: XY): void {
  const now = marking.value;
  if (!now || now.saving) return;
  change({ aim: rounded(inside(point ?? now.aim, now.size)), set: true, refusal: "" });
  askWhere();
}

export function moveAim([dx, dy]: XY): void {
  const now = marking.value;
  if (now) aimAt([now.aim[0] + dx, now.aim[1] + dy]);
}

export function chooseLabel(label: string): void {
  change({ label, refusal: "" });
}

export function setComment(comment: string): void {
  change({ comment });
}

function askWhere(): void {
  change({ located: null });
  clearTimeout(timer);
  timer = setTimeout(() => void findOut(), RESTS_MS);
}

/** The ground below the point; an answer for a point that was left meanwhile is dropped. */
async function findOut(): Promise<void> {
  const asked = marking.value;
  if (!asked) return;
  const still = (): boolean => marking.value?.aim === asked.aim && marking.value.k === asked.k;
  try {
    const located = await locate(asked.k, asked.aim);
    if (still()) change({ located, refusal: "" });
  } catch (why) {
    if (still()) change({ located: null, refusal: sentence(why) });
  }
}

/** Enter: first sets the point, then saves. */
export async function goFurther(): Promise<void> {
  const now = marking.value;
  if (!now || now.saving) return;
  if (!now.set) setPoint();
  else if (now.hit !== null) await saveMove(now, now.hit);
  else if (!now.label) change({ refusal: t("photo_class_first") });
  else await savePin(now);
}

async function savePin(now: Marking): Promise<void> {
  change({ saving: true, refusal: "" });
  const [x_px, y_px] = now.aim;
  const comment = now.comment.trim();
  try {
    const hit = await addPin({ photo: now.k, x_px, y_px, class: now.label, ...(comment ? { comment } : {}) });
    lastLabel = now.label;
    showPin(hit);
  } catch (why) {
    change({ saving: false, refusal: sentence(why) });
  }
}

function showPin(hit: HitDetail): void {
  stopMarking();
  replaceHit(hit);
  select(hit.properties.id);
  sayDone(t("photo_done_added", { what: hitName(hit.properties) }), () => void reviewActions.undo());
}

async function saveMove(now: Marking, hit: string): Promise<void> {
  change({ saving: true, refusal: "" });
  const [x_px, y_px] = now.aim;
  const kept = await reviewActions.move(hit, { photo: now.k, x_px, y_px });
  if (kept) stopMarking();
  else change({ saving: false });
}
