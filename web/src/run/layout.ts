// Which parts of the page are open.
import { signal } from "@preact/signals";

export type Tab = "list" | "layers" | "about";
export type Sheet = "low" | "half" | "high"; // on a phone: how far the panel is pulled up

export const leftOpen = signal(true);
export const tab = signal<Tab>("list");
export const sheet = signal<Sheet>("half");

const NEXT: Record<Sheet, Sheet> = { low: "half", half: "high", high: "low" };

export function pullSheet(): void {
  sheet.value = NEXT[sheet.value];
}

export function isNarrow(): boolean {
  return matchMedia("(max-width: 760px)").matches;
}
