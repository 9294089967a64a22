// The keyboard of the run page; while a photo is open its viewer has the keys.
import { signal } from "@preact/signals";

import { can } from "../session";
import { toastError } from "../ui/Toast";
import { step } from "./choosing";
import { SEARCH_ID } from "./Filters";
import { leftOpen } from "./layout";
import { isLive } from "./loading";
import { mapDoes } from "./mapDoes";
import { moving, photoOpen, place, select, selected, startMoving, stopMoving } from "./state";

export const keysShown = signal(false);

function focusSearch(): void {
  leftOpen.value = true;
  requestAnimationFrame(() => document.getElementById(SEARCH_ID)?.focus());
}

/** One thing at a time, the innermost first. */
function escape(): boolean {
  if (moving.value !== null) stopMoving();
  else if (place.value !== null) place.value = null;
  else if (selected.value !== null) select(null);
  else return false;
  return true;
}

/** What an officer does with the chosen hit; its code comes with the evidence panel. */
async function review(act: (photo: typeof import("../photo"), id: string) => unknown): Promise<void> {
  const id = selected.value;
  if (id !== null && !isLive(id)) act(await import("../photo"), id);
}

async function openPhotoOfHit(): Promise<void> {
  const id = selected.value;
  if (id !== null && !isLive(id)) await (await import("../photo/opening")).openHit(id).catch(toastError);
}

async function takeBack(what: "undo" | "redo"): Promise<void> {
  await (await import("../photo")).reviewActions[what]();
}

const REVIEWS: Record<string, () => unknown> = {
  c: () => review(({ reviewActions }, id) => reviewActions.confirm(id)),
  x: () => review(({ reviewActions }, id) => reviewActions.reject(id)),
  r: () => review(({ reviewActions }, id) => reviewActions.askClass(id)),
  t: () => review(({ reviewActions }, id) => reviewActions.askComment(id)),
  m: () => { if (selected.value !== null && can("review") && !isLive(selected.value)) startMoving(selected.value); },
  o: openPhotoOfHit,
  u: () => takeBack("undo"),
};

/** Ctrl or Cmd with Z and Y; 1 to 9 name a class. */
async function reclass(key: string): Promise<void> {
  const { classOfKey } = await import("../photo/classes");
  const label = classOfKey(key);
  if (label) await review(({ reviewActions }, id) => reviewActions.reclass(id, label));
}

const DOES: Record<string, () => unknown> = {
  j: () => step(1),
  k: () => step(-1),
  "/": focusSearch,
  "0": () => mapDoes.value?.fit(),
  "+": () => mapDoes.value?.zoom(1),
  "=": () => mapDoes.value?.zoom(1),
  "-": () => mapDoes.value?.zoom(-1),
  "[": () => { leftOpen.value = !leftOpen.value; },
  "?": () => { keysShown.value = true; },
  Escape: escape,
};

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]") !== null;
}

/** Enter belongs to buttons and links, and to the map; elsewhere, in the list above all, it opens the photo. */
function opensPhoto(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !(event.target instanceof Element && event.target.closest("button, a, summary, input, canvas") !== null);
}

/** A key that is held down steps, pans and zooms on; what is said of a hit is said once. */
function actsOnce(key: string): boolean {
  return key.toLowerCase() in REVIEWS || /^[0-9zy]$/i.test(key);
}

function actOf(event: KeyboardEvent): (() => unknown) | undefined {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return () => takeBack(event.shiftKey ? "redo" : "undo");
    return key === "y" ? () => takeBack("redo") : undefined;
  }
  if (/^[1-9]$/.test(key)) return () => reclass(key);
  return opensPhoto(event) ? openPhotoOfHit : (DOES[key] ?? REVIEWS[key]);
}

/** What the keys do on this page; returns what ends it. */
export function followKeys(): () => void {
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return;
    if (event.repeat && actsOnce(event.key)) return;
    if (photoOpen.value !== null || document.querySelector("dialog[open]") !== null) return;
    if (isTyping(event.target) && event.key !== "Escape") return;
    const act = actOf(event);
    if (act === undefined || act() === false) return;
    event.preventDefault();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
