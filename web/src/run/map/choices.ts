// What the map shows, as a person chose it; remembered by the browser.
import { effect, signal } from "@preact/signals";

import type { Shown } from "./style";

export type Choices = Readonly<Record<Shown, boolean>>;

const KEY = "qly-map-layers";
const FIRST: Choices = {
  photos: true, searched: true, unlooked: true, track: true, cameras: true, ellipses: true, labels: true, grid: true,
};

function remembered(): Choices {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Choices>;
    return { ...FIRST, ...kept, unlooked: true }; // what nobody looked at is never hidden from the start
  } catch {
    return FIRST;
  }
}

export const layersOn = signal<Choices>(remembered());

effect(() => {
  try {
    localStorage.setItem(KEY, JSON.stringify(layersOn.value));
  } catch {
    // a browser that remembers nothing still shows the layers
  }
});

export function toggleLayer(name: Shown): void {
  layersOn.value = { ...layersOn.value, [name]: !layersOn.value[name] };
}
