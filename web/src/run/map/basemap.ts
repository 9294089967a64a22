// Which base maps there are and which are shown: the organisation's own, and one from outside if it was set.
import { computed, effect, signal } from "@preact/signals";

import { get } from "../../api";
import type { Basemap, Layer, Settings } from "../../types";

export type Online = "off" | "xyz" | "vec" | "img";

export const ownLayers = signal<Layer[]>([]); // ready ones that can be drawn
export const online = signal<Basemap | null>(null);
export const onlineShown = signal<Online>("off");
export const hiddenLayers = signal<ReadonlySet<string>>(new Set());

const KEY = "qly-online-map";

/** Ask once a page; a page without base maps works as well. */
export async function loadBasemaps(stop: AbortSignal): Promise<void> {
  const [layers, settings] = await Promise.allSettled([
    get<{ layers: Layer[] }>("/api/layers", stop),
    get<Settings>("/api/settings", stop),
  ]);
  if (stop.aborted) return;
  if (layers.status === "fulfilled") ownLayers.value = layers.value.layers.filter((each) => each.state === "ready" && each.kind !== "dem");
  if (settings.status === "fulfilled") offer(settings.value.basemap);
}

function offer(basemap: Basemap | null): void {
  online.value = basemap;
  const choices: Online[] = basemap === null ? ["off"] : basemap.kind === "tianditu" ? ["off", "img", "vec"] : ["off", "xyz"];
  const kept = localStorage.getItem(KEY) as Online | null;
  onlineShown.value = kept !== null && choices.includes(kept) ? kept : (choices[1] ?? "off");
}

effect(() => {
  if (online.value !== null) localStorage.setItem(KEY, onlineShown.value);
});

export function toggleOwn(id: string): void {
  const next = new Set(hiddenLayers.value);
  if (!next.delete(id)) next.add(id);
  hiddenLayers.value = next;
}

/** What the owners of the maps shown want to be said. */
export const attributions = computed<string[]>(() => {
  const own = ownLayers.value.filter((each) => !hiddenLayers.value.has(each.id)).map((each) => each.facts.attribution ?? "");
  const from = onlineShown.value === "off" ? "" : onlineShown.value === "xyz" ? (online.value?.attribution ?? "") : "天地图 © 国家地理信息公共服务平台";
  return [...new Set([from, ...own])].filter((each) => each !== "");
});
