// What the page asks for when a run is opened: its state, its events while it works, the whole result when it is done.
import { batch, signal } from "@preact/signals";

import { get, sentence } from "../api";
import { t } from "../i18n";
import { watchRun, type Finding } from "../runs/watch";
import type { Hit, Hits, Photo, Run, RunMap } from "../types";
import * as state from "./state";
import type { Footprints } from "./types";

const GATHER_MS = 400; // findings come in crowds; the map and the list are drawn again this often at most

export const loaded = signal(false); // the result is there
export const failures = signal<string[]>([]); // parts of it that did not come
export const streamLost = signal(false);

const LIVE = "live-";

/** A first finding of a run that still works: no evidence yet, nothing to review. */
export function isLive(id: string): boolean {
  return id.startsWith(LIVE);
}

const base = (id: string): string => `/api/runs/${encodeURIComponent(id)}`;

/** Open a run; returns what ends it. */
export function open(id: string): () => void {
  state.forget(id);
  batch(() => {
    loaded.value = false;
    failures.value = [];
    streamLost.value = false;
  });
  const stop = new AbortController();
  void begin(id, stop.signal);
  return () => stop.abort();
}

async function begin(id: string, stop: AbortSignal): Promise<void> {
  try {
    const run = await get<Run>(base(id), stop);
    if (stop.aborted) return;
    state.run.value = run;
    if (run.state === "done") await loadResult(id, stop);
    else if (run.state === "queued" || run.state === "running") listen(id, stop);
  } catch (why) {
    if (!stop.aborted) failures.value = [sentence(why)];
  }
}

/** The summary and the hits first: they are what is looked for; the rest as it comes. */
async function loadResult(id: string, stop: AbortSignal): Promise<void> {
  const part = async <T>(path: string, use: (value: T) => void): Promise<void> => {
    try {
      const value = await get<T>(`${base(id)}/${path}`, stop);
      if (!stop.aborted) use(value);
    } catch (why) {
      if (!stop.aborted) failures.value = [...failures.value, t("map_part_failed", { why: sentence(why) })];
    }
  };
  await Promise.all([
    part<RunMap>("map", (value) => { state.survey.value = value; }),
    part<Hits>("hits", (value) => { state.hits.value = value; }),
    part<Footprints>("footprints", (value) => { state.footprints.value = value.features; }),
    part<{ photos: Photo[] }>("photos", (value) => { state.photos.value = value.photos; }),
    part<GeoJSON.GeoJSON>("track", (value) => { state.track.value = value; }),
    part<GeoJSON.GeoJSON>("gaps", (value) => { state.gaps.value = value; }),
  ]);
  if (!stop.aborted) loaded.value = true;
}

/** Follow the work; when it has ended, show what came of it. */
function listen(id: string, stop: AbortSignal): void {
  const end = watchRun(id, {
    onProgress: (progress) => {
      if (state.run.value !== null) state.run.value = { ...state.run.value, ...progress };
      if (progress.state !== "queued" && progress.state !== "running") void ended(id, stop);
    },
    onFinding: gather(),
    onLog: () => undefined,
    onLine: (connected) => { streamLost.value = !connected; },
  });
  stop.addEventListener("abort", end);
}

async function ended(id: string, stop: AbortSignal): Promise<void> {
  if (state.run.value?.state === "done") {
    batch(() => {
      state.hits.value = state.NO_HITS;
      state.select(null);
    });
  }
  await begin(id, stop);
}

/** Takes findings, and puts them among the hits a crowd at a time. */
function gather(): (finding: Finding, number: number) => void {
  const waiting: Hit[] = [];
  let timer = 0;
  const flush = (): void => {
    timer = 0;
    const features = [...state.hits.value.features, ...waiting.splice(0)];
    state.hits.value = { type: "FeatureCollection", features };
  };
  return (finding, number) => {
    const hit = liveHit(finding, number);
    if (hit === null) return;
    waiting.push(hit);
    timer ||= window.setTimeout(flush, GATHER_MS);
  };
}

function liveHit(finding: Finding, n: number): Hit | null {
  const { lon_deg, lat_deg, r90_m, t: at } = finding;
  if (lon_deg === null || lat_deg === null) return null;
  const radius = r90_m ?? 0;
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: [lon_deg, lat_deg] },
    properties: {
      id: `${LIVE}${n}`, n, class: finding.class, origin: "model", confidence: finding.confidence, r90_m: radius, cov_m2: [],
      ellipse: [radius, radius, 0], sightings: 1, first_seen: at ?? "", last_seen: at ?? "", assumed: [], verdict: "open",
      moved: false, reclassed: false, comments: 0, reviewed_by: null, reviewed_at: null, crop_url: "",
    },
  };
}
