// Small sums on the ground, for distances of a survey's size.
import type { LonLat } from "../types";
import type { Footprint } from "./types";

const RADIUS_M = 6_371_008.8;
const rad = (degrees: number): number => (degrees * Math.PI) / 180;

/** Metres east and north of `from`. */
export function offset_m(from: LonLat, to: LonLat): [number, number] {
  return [rad(to[0] - from[0]) * RADIUS_M * Math.cos(rad(from[1])), rad(to[1] - from[1]) * RADIUS_M];
}

export function distance_m(from: LonLat, to: LonLat): number {
  return Math.hypot(...offset_m(from, to));
}

/** The place so many metres east and north of `from`. */
export function moved(from: LonLat, east_m: number, north_m: number): LonLat {
  return [from[0] + (east_m / (RADIUS_M * Math.cos(rad(from[1])))) * (180 / Math.PI), from[1] + (north_m / RADIUS_M) * (180 / Math.PI)];
}

/** Is `to` within the ellipse about `from`? Half axes in metres, azimuth of the longer one in degrees from north. */
export function withinEllipse(from: LonLat, to: LonLat, [a, b, azimuth]: readonly [number, number, number]): boolean {
  const [east, north] = offset_m(from, to);
  const [s, c] = [Math.sin(rad(azimuth)), Math.cos(rad(azimuth))];
  return ((east * s + north * c) / a) ** 2 + ((east * c - north * s) / b) ** 2 <= 1;
}

type Ring = GeoJSON.Position[];

function inRing([x, y]: LonLat, ring: Ring): boolean {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [xi = 0, yi = 0] = ring[i] ?? [];
    const [xj = 0, yj = 0] = ring[j] ?? [];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/** Does the photo show this place? */
export function covers({ geometry }: Footprint, at: LonLat): boolean {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.some(([outer, ...holes]) => outer !== undefined && inRing(at, outer) && !holes.some((hole) => inRing(at, hole)));
}
