// What a person does to the map with mouse, finger and keys.
import type { Map as GlMap, MapMouseEvent, MapTouchEvent } from "maplibre-gl";

import type { Hit, LonLat } from "../../types";
import { moved } from "../geometry";
import { cursor } from "../MapReadout";
import * as state from "../state";
import { layersOn } from "./choices";

const HIT_PX = 16;
const CAMERA_PX = 11;
const CAMERAS_FROM_ZOOM = 16;

interface Spot {
  x: number;
  y: number;
}

/** Let the map answer; everything ends with the map itself. */
export function answerTo(map: GlMap): void {
  map.on("click", (event) => onClick(map, event));
  map.on("mousemove", ({ lngLat, point }) => {
    cursor.value = [lngLat.lng, lngLat.lat];
    map.getCanvas().style.cursor = state.moving.peek() !== null ? "crosshair" : target(map, point) ? "pointer" : "";
  });
  map.on("mouseout", () => { cursor.value = null; });
  map.on("mousedown", (event) => beginDrag(map, event));
  map.on("touchstart", (event) => beginDrag(map, event));
  map.getCanvas().addEventListener("keydown", (event) => onKey(map, event), { capture: true });
}

function onClick(map: GlMap, { point, lngLat }: MapMouseEvent): void {
  const at: LonLat = [lngLat.lng, lngLat.lat];
  if (state.moving.peek() !== null) {
    state.movedTo.value = at;
    return;
  }
  const found = target(map, point);
  if (found && "hit" in found) state.select(found.hit);
  else if (found) state.openPhoto(found.photo);
  else ask(at);
}

/** Which photos show this place? */
function ask(at: LonLat): void {
  state.select(null);
  state.place.value = at;
}

/** The hit, else the photo's position, under a point of the screen. */
function target(map: GlMap, point: Spot): { hit: string } | { photo: number } | null {
  const hit = nearest(map, point, state.shown.peek(), (each) => each.geometry.coordinates, HIT_PX);
  if (hit) return { hit: hit.properties.id };
  if (!layersOn.peek().cameras || map.getZoom() < CAMERAS_FROM_ZOOM) return null;
  const photo = nearest(map, point, state.photos.peek(), (each) => each.at, CAMERA_PX);
  return photo ? { photo: photo.k } : null;
}

/** Nearest within `reach_px`; only what lies in the box around the point is projected. */
function nearest<T>(map: GlMap, point: Spot, all: readonly T[], at: (each: T) => readonly number[] | null, reach_px: number): T | null {
  const [low, high] = [map.unproject([point.x - reach_px, point.y + reach_px]), map.unproject([point.x + reach_px, point.y - reach_px])];
  let best: T | null = null;
  let least = reach_px;
  for (const each of all) {
    const [lon = NaN, lat = NaN] = at(each) ?? [];
    if (!(lon >= low.lng && lon <= high.lng && lat >= low.lat && lat <= high.lat)) continue;
    const there = map.project([lon, lat]);
    const away = Math.hypot(there.x - point.x, there.y - point.y);
    if (away < least) [best, least] = [each, away];
  }
  return best;
}

const DRAG_PX = 26;

/** Take hold of the hit that is being moved. */
function beginDrag(map: GlMap, event: MapMouseEvent | MapTouchEvent): void {
  const hit = state.hitById(state.moving.peek());
  if (hit === null || ("points" in event && event.points.length !== 1)) return;
  const from = map.project(state.movedTo.peek() ?? lonLat(hit));
  if (Math.hypot(from.x - event.point.x, from.y - event.point.y) > DRAG_PX) return;
  event.preventDefault(); // the map stays where it is
  const follow = ({ lngLat }: MapMouseEvent | MapTouchEvent): void => { state.movedTo.value = [lngLat.lng, lngLat.lat]; };
  const kinds = event.type === "touchstart" ? (["touchmove", "touchend"] as const) : (["mousemove", "mouseup"] as const);
  map.on(kinds[0], follow);
  void map.once(kinds[1]).then(() => map.off(kinds[0], follow));
}

export function lonLat(hit: Hit): LonLat {
  const [lon = 0, lat = 0] = hit.geometry.coordinates;
  return [lon, lat];
}

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Arrow keys move the hit while one is being moved, else the map (its own doing); Enter asks for the centre's photos. */
function onKey(map: GlMap, event: KeyboardEvent): void {
  const step = STEPS[event.key];
  const hit = state.hitById(state.moving.peek());
  if (step && hit) {
    const metres = event.shiftKey ? 10 : 1;
    state.movedTo.value = moved(state.movedTo.peek() ?? lonLat(hit), step[0] * metres, step[1] * metres);
  } else if (event.key === "Enter" && !hit) {
    const { lng, lat } = map.getCenter();
    ask([lng, lat]);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

