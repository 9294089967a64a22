// What the photo viewer shows, and what its buttons and keys do. The stage is the picture itself.
import { computed, effect, signal } from "@preact/signals";
import { closePhoto, hitById, hits, openPhoto, photoOpen, photos, selected } from "../run/state";
import { can } from "../session";
import { getPhoto } from "./calls";
import { detail } from "./detail";
import { marking, startMarking, stopMarking } from "./marking";
import { byTime } from "./opening";
import { toPhoto, type View } from "./pixels";
import { makeStage, type Stage } from "./stage";
import type { Box, PhotoBox, PhotoDetail, XY } from "./types";

export const photo = signal<PhotoDetail | null>(null);
export const photoError = signal<unknown>(null);
export const noPicture = signal(false);
/** Whether the picture is there as sharp as this view can show it. */
export const whole = signal(false);
export const view = signal<View | null>(null);
export const light = signal({ brightness: 1, contrast: 1 });
export const lightOpen = signal(false);

export const ordered = computed(() => byTime(photos.value));
/** Where the open photo stands among all, from 0; -1 when it is not among them. */
export const place = computed(() => ordered.value.findIndex((each) => each.k === photoOpen.value?.k));
export const numbers = computed(() => new Map(hits.value.features.map(({ properties: { id, n } }) => [id, n])));

/** The boxes as the list has them now: a verdict shows at once, and what was taken back is gone. */
export const boxes = computed<PhotoBox[]>(() => {
  const known = new Map(hits.value.features.map((hit) => [hit.properties.id, hit.properties]));
  return (photo.value?.boxes ?? []).flatMap((box) => {
    const hit = known.get(box.hit);
    return hit ? [{ ...box, class: hit.class, verdict: hit.verdict }] : [];
  });
});

let stage: Stage | null = null;
let onClick: (point: XY) => void = () => undefined;

/** Put the picture into `element`; returns what takes it away again. */
export function mountStage(element: HTMLElement, click: (point: XY) => void): () => void {
  let gone = false;
  onClick = click;
  const events = {
    onView: (now: View) => { view.value = now; },
    onClick: (point: XY) => onClick(point),
    onWhole: (now: boolean) => { whole.value = now; },
    onFailed: () => { noPicture.value = true; },
  };
  makeStage(element, events).then(
    (made) => {
      if (gone) return made.destroy();
      stage = made;
      if (photo.value) show(photo.value, false);
    },
    (why: unknown) => { photoError.value = why; },
  );
  return () => {
    gone = true;
    stage?.destroy();
    stage = null;
    forget();
  };
}

function forget(): void {
  stopMarking();
  photo.value = null;
  photoError.value = null;
  noPicture.value = false;
  whole.value = false;
  view.value = null;
  light.value = { brightness: 1, contrast: 1 };
  lightOpen.value = false;
}

/** Load the photo `k` and show it, at the hit that it was opened for. */
export async function loadPhoto(k: number, signal: AbortSignal): Promise<void> {
  stopMarking();
  try {
    const found = await getPhoto(k, signal);
    const keepView = photo.value !== null;
    photo.value = found;
    photoError.value = null;
    show(found, keepView);
  } catch (why) {
    if (!signal.aborted) photoError.value = why;
  }
}

function show(found: PhotoDetail, keepView: boolean): void {
  noPicture.value = found.levels === 0;
  if (found.levels > 0) stage?.show(found, openedBox(found), keepView);
}

function boxOf(found: PhotoDetail, hit: string | null | undefined): Box | null {
  return found.boxes.find((box) => box.hit === hit)?.box_px ?? null;
}

const openedBox = (found: PhotoDetail): Box | null => boxOf(found, photoOpen.value?.hit);

/** The boxes again, without showing the photo anew: a pin was added or taken back. */
export async function loadBoxes(signal: AbortSignal): Promise<void> {
  const before = photo.value;
  if (!before) return;
  const fresh = await getPhoto(before.k, signal).catch(() => null);
  if (fresh && photo.value?.k === fresh.k) photo.value = fresh;
}

export function toHit(): void {
  const box = photo.value && boxOf(photo.value, selected.value);
  if (box) stage?.fitBox(box);
}

export const hasChosenBox = computed(() => photo.value !== null && boxOf(photo.value, selected.value) !== null);

export const zoom = (factor: number): void => stage?.zoomBy(factor);
export const fitAll = (): void => stage?.fitAll();
export const fullSize = (): void => stage?.zoomTo(1 / devicePixelRatio);
export const pan = (dx: number, dy: number): void => stage?.panBy(dx, dy);
export const keepInView = (point: XY): void => stage?.keepInView(point);

/** The photo before or after in time; the hit it was opened for stays chosen. */
export function step(by: 1 | -1): void {
  const next = ordered.value[place.value + by];
  if (place.value >= 0 && next) openPhoto(next.k, selected.value ?? undefined);
}

/** The photo of the chosen hit before or after this one. */
export function stepView(by: 1 | -1): void {
  const hit = detail.value;
  if (!hit || hit.properties.id !== selected.value) return;
  const views = hit.evidence.map((each) => each.k);
  const next = views[views.indexOf(photoOpen.value?.k ?? -1) + by];
  if (next !== undefined) openPhoto(next, hit.properties.id);
}

/** Begin to mark, with the crosshair in the middle of what is seen. */
export function beginMarking(): void {
  const now = photo.value;
  const seen = view.value;
  if (!now || !seen || !can("review")) return;
  lightOpen.value = false;
  startMarking(now.k, now, toPhoto(seen, [seen.width / 2, seen.height / 2]));
}

/** Point to where the chosen hit really is. */
export function beginMove(): void {
  const now = photo.value;
  const hit = selected.value;
  if (!now || marking.value || !can("review") || !hitById(hit)) return;
  const old = now.boxes.find((box) => box.hit === hit);
  const seen = view.value;
  if (old) startMarking(now.k, now, old.point_px, hit);
  else if (seen) startMarking(now.k, now, toPhoto(seen, [seen.width / 2, seen.height / 2]), hit);
}

export function close(): void {
  closePhoto();
}

/** Run `act` when a hit comes or goes while the viewer is open; returns what stops it. */
export function whenHitsChange(act: () => void): () => void {
  let before = hits.peek();
  return effect(() => {
    if (hits.value === before) return;
    before = hits.value;
    act();
  });
}
