// How a hit, an error and a change are said.
import { round } from "../format";
import { className } from "../run/classes";
import type { HitProperties } from "../types";
import type { Word } from "../words";

/** "#12 排污口" */
export function hitName(hit: Pick<HitProperties, "n" | "class">): string {
  return `#${hit.n} ${className(hit.class)}`;
}

/** Metres with as many decimals as the error deserves: 0.42, 3.2, 18. */
export function metres(value: number): string {
  return round(value, value < 1 ? 2 : value < 10 ? 1 : 0);
}

/** Whether this is a class as the server takes it: lower case words in a path, "outfall/discharging". */
export function isClassPath(label: string): boolean {
  return /^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(label) && label.length <= 100;
}

/** What somebody typed, as a class path would be written. */
export function asClassPath(typed: string): string {
  return typed.trim().toLowerCase().replace(/\s+/g, "-").replace(/^\/+|\/+$/g, "");
}

export const verdictWord = (verdict: string): Word => `photo_verdict_${verdict}` as Word;
