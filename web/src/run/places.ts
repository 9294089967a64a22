// Which photos show a place, and how well.
import { computed } from "@preact/signals";

import type { LonLat, Photo } from "../types";
import { covers, distance_m } from "./geometry";
import { footprints, photos, place } from "./state";
import type { Footprint } from "./types";

export interface Showing {
  footprint: Footprint;
  photo: Photo | null;
  away_m: number; // from below the camera; a place straight below is seen best
}

const byNumber = computed(() => new Map(photos.value.map((photo) => [photo.k, photo])));

export function showing(at: LonLat): Showing[] {
  const found = footprints.value.filter((footprint) => covers(footprint, at)).map((footprint) => {
    const photo = byNumber.value.get(footprint.properties.k) ?? null;
    return { footprint, photo, away_m: photo?.at ? distance_m(photo.at, at) : Infinity };
  });
  return found.sort((a, b) => a.away_m - b.away_m);
}

/** Photos of the place that was asked for. */
export const showingPlace = computed<Showing[]>(() => (place.value === null ? [] : showing(place.value)));

/** How many searched photos show a place. */
export function searchedCount(at: LonLat): number {
  return footprints.peek().filter((footprint) => footprint.properties.searched && covers(footprint, at)).length;
}
