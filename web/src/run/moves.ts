// Writing down where an officer put a hit.
import { t } from "../i18n";
import { distance_m } from "./geometry";
import { length } from "./MapReadout";
import { announce, hitById, movedTo, moving, stopMoving } from "./state";
import type { LonLat } from "./types";

/** Keep the new place; the old one stays in the hit's history. */
export async function confirmMove(): Promise<void> {
  const [hit, to] = [hitById(moving.peek()), movedTo.peek()];
  if (hit === null || to === null) return;
  const { reviewActions } = await import("../photo");
  const distance = length(distance_m(hit.geometry.coordinates as LonLat, to));
  stopMoving();
  if (await reviewActions.move(hit.properties.id, { coordinates: to })) announce(t("map_moved", { n: hit.properties.n, distance }));
}
