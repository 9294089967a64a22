// What the run page, the photo viewer and the evidence panel share. Signals hold values; the functions below change them.
import { batch, computed, signal } from "@preact/signals";

import { get } from "../api";
import type { Hit, Hits, LonLat, Photo, Run, RunMap } from "../types";
import { keeps, noFilters, ordered, type Filters, type Order } from "./filtering";
import type { Footprint } from "./types";

export interface OpenPhoto {
  k: number;
  hit?: string;
}

export const NO_HITS: Hits = { type: "FeatureCollection", features: [] };

export const runId = signal("");
export const run = signal<Run | null>(null);
export const survey = signal<RunMap | null>(null);
export const hits = signal<Hits>(NO_HITS);
export const photos = signal<Photo[]>([]);
export const footprints = signal<Footprint[]>([]);
export const track = signal<GeoJSON.GeoJSON | null>(null);
export const gaps = signal<GeoJSON.GeoJSON | null>(null);
export const selected = signal<string | null>(null);
export const photoOpen = signal<OpenPhoto | null>(null);
export const filters = signal<Filters>(noFilters());
export const order = signal<Order>("confidence");
export const moving = signal<string | null>(null); // the hit that is being put elsewhere on the map
export const movedTo = signal<LonLat | null>(null); // where it would go
export const place = signal<LonLat | null>(null); // a place on the map whose photos are asked for
export const said = signal(""); // for screen readers

/** Hits that the filters leave, in the list's order. */
export const shown = computed<Hit[]>(() => {
  const test = keeps(filters.value);
  return ordered(hits.value.features.filter((hit) => test(hit.properties)), order.value);
});

const byId = computed(() => new Map(hits.value.features.map((hit) => [hit.properties.id, hit])));

export function hitById(id: string | null): Hit | null {
  return id === null ? null : (byId.value.get(id) ?? null);
}

/** Choose a hit, or none; the map, the list and the evidence panel follow. */
export function select(id: string | null): void {
  batch(() => {
    if (moving.value !== null && moving.value !== id) stopMoving();
    if (id !== null) place.value = null;
    selected.value = id;
  });
}

export function openPhoto(k: number, hit?: string): void {
  photoOpen.value = hit === undefined ? { k } : { k, hit };
}

export function closePhoto(): void {
  photoOpen.value = null;
}

/** Let the officer put a hit elsewhere on the map; `confirmMove` of moves.ts writes it down. */
export function startMoving(id: string): void {
  batch(() => {
    selected.value = id;
    movedTo.value = null;
    moving.value = id;
  });
}

export function stopMoving(): void {
  batch(() => {
    moving.value = null;
    movedTo.value = null;
  });
}

/** Ask for the hits again: after a review, an undo, or a pin. */
export async function refreshHits(): Promise<void> {
  const id = runId.value;
  const fresh = await get<Hits>(`/api/runs/${id}/hits`);
  if (runId.value === id) hits.value = fresh;
}

/** Put one hit, as a review's answer brings it, in its place, or at the end. */
export function replaceHit(fresh: Hit): void {
  const old = hits.value.features;
  const at = old.findIndex((hit) => hit.properties.id === fresh.properties.id);
  const features = at < 0 ? [...old, fresh] : old.with(at, fresh);
  hits.value = { type: "FeatureCollection", features };
}

/** Tell a screen reader. */
export function announce(text: string): void {
  said.value = text;
}

/** Forget the run that was shown. */
export function forget(id: string): void {
  batch(() => {
    runId.value = id;
    run.value = null;
    survey.value = null;
    hits.value = NO_HITS;
    photos.value = [];
    footprints.value = [];
    track.value = null;
    gaps.value = null;
    selected.value = null;
    photoOpen.value = null;
    filters.value = noFilters();
    order.value = "confidence";
    place.value = null;
    stopMoving();
  });
}
