// Which hits are shown, and in what order.
import type { Hit, HitProperties, Origin, Verdict } from "./types";

export interface Filters {
  classes: ReadonlySet<string> | null; // null: all
  origins: ReadonlySet<Origin> | null;
  verdicts: ReadonlySet<Verdict> | null;
  confidence: readonly [number, number];
  time: readonly [number, number] | null; // milliseconds since 1970; null: any
  text: string;
}

export type Order = "confidence" | "class" | "time" | "number";

export const VERDICTS: readonly Verdict[] = ["open", "confirmed", "rejected", "added"];
export const ORIGINS: readonly Origin[] = ["model", "officer"];
export const ORDERS: readonly Order[] = ["confidence", "class", "time", "number"];

export function noFilters(): Filters {
  return { classes: null, origins: null, verdicts: null, confidence: [0, 1], time: null, text: "" };
}

export function isFiltered(f: Filters): boolean {
  const whole = f.confidence[0] <= 0 && f.confidence[1] >= 1;
  return f.classes !== null || f.origins !== null || f.verdicts !== null || f.time !== null || f.text !== "" || !whole;
}

/** A test of one hit. Without a time of its own a hit is shown whatever the times asked for. */
export function keeps(f: Filters): (hit: HitProperties) => boolean {
  const text = f.text.trim().toLowerCase();
  return (hit) =>
    (f.classes === null || f.classes.has(hit.class)) &&
    (f.origins === null || f.origins.has(hit.origin)) &&
    (f.verdicts === null || f.verdicts.has(hit.verdict)) &&
    hit.confidence >= f.confidence[0] &&
    hit.confidence <= f.confidence[1] &&
    inTime(hit, f.time) &&
    (text === "" || hit.id.toLowerCase().includes(text) || String(hit.n) === text.replace(/^#/, ""));
}

function inTime(hit: HitProperties, time: Filters["time"]): boolean {
  if (time === null || !hit.first_seen) return true;
  return Date.parse(hit.first_seen) <= time[1] && Date.parse(hit.last_seen || hit.first_seen) >= time[0];
}

const COMPARE: Record<Order, (a: HitProperties, b: HitProperties) => number> = {
  confidence: (a, b) => b.confidence - a.confidence,
  class: (a, b) => (a.class < b.class ? -1 : a.class > b.class ? 1 : b.confidence - a.confidence),
  time: (a, b) => (a.first_seen < b.first_seen ? -1 : a.first_seen > b.first_seen ? 1 : 0),
  number: () => 0,
};

/** Sorted in place; equal ones by their number. */
export function ordered(hits: Hit[], by: Order): Hit[] {
  const compare = COMPARE[by];
  return hits.sort((a, b) => compare(a.properties, b.properties) || a.properties.n - b.properties.n);
}

/** How many hits each value of a property has. */
export function tally<K extends "class" | "origin" | "verdict">(hits: Hit[], key: K): Map<HitProperties[K], number> {
  const counts = new Map<HitProperties[K], number>();
  for (const { properties } of hits) counts.set(properties[key], (counts.get(properties[key]) ?? 0) + 1);
  return counts;
}
