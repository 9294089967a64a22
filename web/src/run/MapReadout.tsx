// What stands on the map's lower edge: a scale, the place under the cursor, and how many searched photos show it.
import { signal } from "@preact/signals";

import { t } from "../i18n";
import { round } from "../format";
import type { LonLat } from "../types";
import { searchedCount } from "./places";
import { footprints } from "./state";

export const cursor = signal<LonLat | null>(null);
export const metresPerPixel = signal(0);

const WIDEST_PX = 120;

/** 1, 2 or 5 times a power of ten, at most `value`. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].map((each) => each * power).find((each) => each <= value) ?? power;
}

export function length(metres: number): string {
  if (metres >= 1000) return `${round(metres / 1000, metres < 10_000 ? 2 : 1).replace(/\.?0+$/, "")} km`;
  return metres >= 1 ? `${round(metres, metres < 10 ? 1 : 0).replace(/\.0$/, "")} m` : `${round(metres * 100)} cm`;
}

export function ScaleBar() {
  if (metresPerPixel.value <= 0) return null;
  const metres = nice(metresPerPixel.value * WIDEST_PX);
  return (
    <div class="map-scale" role="img" aria-label={`${t("map_scale")} ${length(metres)}`}>
      <span>{length(metres)}</span>
      <i style={{ width: `${metres / metresPerPixel.value}px` }} />
    </div>
  );
}

export function Cursor() {
  const at = cursor.value;
  if (at === null) return null;
  const count = footprints.value.length > 0 ? searchedCount(at) : null;
  return (
    <div class="map-cursor number" title={t("map_cursor")}>
      {round(at[1], 6)}, {round(at[0], 6)}
      {count === null ? null : count > 0
        ? <span> · {t("map_seen_by", { count })}</span>
        : <b class="map-unseen"> · {t("map_unseen")}</b>}
    </div>
  );
}
