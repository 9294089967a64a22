// What the server answers: one type for each shape of the API.

export type Right = "see" | "upload" | "run" | "review" | "export" | "layers" | "tokens" | "users" | "audit";
export type Role = "administrator" | "member" | "analyst" | "judge" | "contestant";

export interface Person {
  login: string;
  name: string;
}

export interface User extends Person {
  id: string;
  role: Role;
  organisation: { id: string; name: string };
  host: boolean;
  rights: Right[];
}

export interface AuthState {
  set_up: boolean;
  user: User | null;
  csrf: string;
  version: string;
}

export interface Account extends Person {
  id: string;
  role: Role;
  active: boolean;
  invited?: boolean;
  created_at?: string;
  invitation?: string;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[] | string;
  created_at: string;
  expires_at: string;
  used_at: string | null;
  token?: string;
}

export interface Organisation {
  id: string;
  name: string;
  host?: boolean;
  created_at?: string;
  users?: number;
  invitation?: string;
}

export interface Basemap {
  kind: "xyz" | "tianditu";
  url: string;
  key: string;
  attribution: string;
}

export interface Settings {
  basemap: Basemap | null;
}

export interface AuditEvent {
  id: number;
  at: string;
  user: Person | null;
  action: string;
  subject: string;
  detail: Record<string, unknown>;
}

export type FileState = "waiting" | "uploading" | "checking" | "stored" | "refused";

export interface StoredFile {
  id: string;
  path: string;
  size: number;
  state: FileState;
  reason: string;
  sha256: string | null;
  offset: number;
  upload_url: string | null;
}

export interface FileTotals {
  count: number;
  stored: number;
  refused: number;
  bytes: number;
  stored_bytes: number;
}

export type RunState = "queued" | "running" | "done" | "failed" | "cancelled";

export interface Flight {
  id: string;
  name: string;
  site: string;
  note: string;
  created_at: string;
  created_by: Person;
  files: FileTotals;
  latest_run: { id: string; state: RunState } | null;
}

export interface RunOptions {
  detector?: string;
  false_alarms?: number;
  adjust?: string | boolean;
  assume?: string;
  tz?: string;
  dem_layer?: string;
  dem_datum?: string;
  video_overlap?: number;
  reviews_from?: string;
  partial?: boolean;
}

export interface RunProgress {
  state: RunState;
  stage: string;
  done: number;
  total: number;
  error: string;
}

export interface Run extends RunProgress {
  id: string;
  flight: { id: string; name: string };
  options: RunOptions;
  attempts: number;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  created_by: Person;
  counts: Record<string, number> | null;
}

export type LayerKind = "raster" | "pmtiles" | "dem";
export type LayerState = "waiting" | "preparing" | "ready" | "refused";

export interface LayerFacts {
  bounds?: [number, number, number, number];
  minzoom?: number;
  maxzoom?: number;
  vector?: boolean;
  attribution?: string;
}

export interface Layer {
  id: string;
  name: string;
  kind: LayerKind;
  state: LayerState;
  reason: string;
  facts: LayerFacts;
  file: StoredFile | null;
}

export type Verdict = "open" | "confirmed" | "rejected" | "added";
export type LonLat = [number, number];

export interface RunMap {
  name: string;
  bounds: [number, number, number, number];
  start: string | null;
  end: string | null;
  meta: [string, string][];
  classes: Record<string, { zh: string; en: string; colour: string }>;
  counts: { hits: number; photos: number; searched: number; skipped: number };
  mosaic: { url: string; corners: [LonLat, LonLat, LonLat, LonLat] }[];
  skipped: [string, string][];
  not_located: unknown[];
  warnings: string[];
  plane?: unknown;
}

export interface HitProperties {
  id: string;
  n: number;
  class: string;
  origin: "model" | "officer";
  confidence: number;
  r90_m: number;
  cov_m2: number[][];
  ellipse: [a_m: number, b_m: number, azimuth_deg: number];
  sightings: number;
  first_seen: string;
  last_seen: string;
  assumed: string | string[];
  verdict: Verdict;
  moved: boolean;
  reclassed: boolean;
  comments: number;
  reviewed_by: string | null;
  reviewed_at: string | null;
  crop_url: string;
}

export type Hit = GeoJSON.Feature<GeoJSON.Point, HitProperties>;
export type Hits = GeoJSON.FeatureCollection<GeoJSON.Point, HitProperties>;

export interface Evidence {
  k: number;
  source: string;
  frame_id: string;
  t: string;
  sha256: string;
  box_px: [number, number, number, number];
  point_px: [number, number];
  confidence: number;
  crop_url?: string;
}

export interface Places {
  wgs84: { lat: number; lon: number; alt_m: number; dms: string };
  cgcs2000: { zone: number; meridian_deg: number; x_north_m: number; y_east_m: number } | null;
  gcj02?: { lat: number; lon: number };
}

export interface HistoryEntry {
  n: number;
  verdict: string;
  value: unknown;
  who: string;
  when: string;
  note: string;
  undone: boolean;
}

export interface HitDetail extends Hit {
  evidence: Evidence[];
  seen_moving: { moving_mps?: number; drifting?: number };
  places: Places;
  history: HistoryEntry[];
}

export interface Photo {
  k: number;
  frame_id: string;
  source: string;
  t: string;
  searched: boolean;
  reason: string;
  at: LonLat | null;
  heading_deg: number | null;
  is_video: boolean;
}

export interface PhotoBox {
  hit: string;
  class: string;
  verdict: Verdict;
  box_px: [number, number, number, number];
  point_px: [number, number];
  origin: "model" | "officer";
}

export interface PhotoDetail {
  k: number;
  frame_id: string;
  source: string;
  width_px: number;
  height_px: number;
  tile_px: number;
  levels: number;
  t: string;
  sha256: string;
  pose: Record<string, unknown> | null;
  boxes: PhotoBox[];
}
