// What the evidence panel and the viewer need beside ../types.
// Pixels: x right, y down, (0, 0) is the centre of the top-left pixel; boxes are [x0, y0, x1, y1], edges included.
import type { LonLat } from "../types";

export type { Evidence, Hit, HitDetail, HitProperties, HistoryEntry, Photo, PhotoBox, PhotoDetail, Places } from "../types";

export type XY = [x_px: number, y_px: number];
export type Box = [x0_px: number, y0_px: number, x1_px: number, y1_px: number];

/** POST …/locate */
export interface Located {
  at: [lon_deg: number, lat_deg: number, height_m: number];
  r90_m: number;
  ellipse: [a_m: number, b_m: number, azimuth_deg: number];
}

/** Where a hit is to go: a place on the map, or a point of a photo that is located again. */
export type MoveTo = { coordinates: LonLat } | { photo: number; x_px: number; y_px: number };
