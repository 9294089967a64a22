// What the page may ask of the map, once its code is there.
import { signal } from "@preact/signals";

import type { Hit } from "../types";

export interface MapDoes {
  fit: () => void;
  zoom: (by: 1 | -1) => void;
  show: (hit: Hit) => void;
  focus: () => void;
}

export const mapDoes = signal<MapDoes | null>(null);
