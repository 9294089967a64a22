// Choosing hits one after another, told to those who listen and shown on the map.
import { effect, untracked } from "@preact/signals";

import { round } from "../format";
import { t } from "../i18n";
import type { Word } from "../words";
import { className } from "./classes";
import { mapDoes } from "./mapDoes";
import { announce, hitById, select, selected, shown } from "./state";

/** Choose the hit `by` places further in the list; the ends hold. Without a choice the first or the last is taken. */
export function step(by: number): void {
  const all = shown.peek();
  if (all.length === 0) return;
  const at = all.findIndex((hit) => hit.properties.id === selected.peek());
  const start = at < 0 ? (by > 0 ? -1 : all.length) : at;
  const next = Math.min(all.length - 1, Math.max(0, start + by));
  select(all[next]?.properties.id ?? null);
}

/** Bring what was chosen into view on the map, as soon as there is one, and say it; returns what ends it. */
export function followChoice(): () => void {
  const stopShowing = effect(() => {
    const [does, id] = [mapDoes.value, selected.value];
    const hit = untracked(() => hitById(id));
    if (hit !== null) does?.show(hit);
  });
  const stopTelling = effect(() => {
    const id = selected.value;
    untracked(() => tell(id));
  });
  return () => {
    stopShowing();
    stopTelling();
  };
}

function tell(id: string | null): void {
  const hit = hitById(id);
  if (hit === null) return;
  const all = shown.value;
  const { n, class: label, confidence, verdict } = hit.properties;
  announce(t("map_chosen", {
    n, class: className(label), confidence: round(confidence, 2), verdict: t(`map_verdict_${verdict}` as Word),
    at: all.findIndex((each) => each.properties.id === id) + 1, all: all.length,
  }));
}
