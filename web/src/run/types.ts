// What only the run page asks the server for; the rest is in ../types.ts. Coordinates are [lon, lat(, height)], WGS 84.

import type { HitProperties } from "../types";

export type { Hit, HitProperties, Hits, LonLat, Photo, Run, RunMap, Verdict } from "../types";
export type Origin = HitProperties["origin"];

export interface FootprintProperties {
  frame_id: string;
  k: number;
  t: string | null;
  gsd_m: number | null;
  incidence_deg: number | null;
  searched: boolean;
  sharpness: number | null;
}

export type Footprint = GeoJSON.Feature<GeoJSON.Polygon | GeoJSON.MultiPolygon, FootprintProperties>;
export type Footprints = GeoJSON.FeatureCollection<Footprint["geometry"], FootprintProperties>;

