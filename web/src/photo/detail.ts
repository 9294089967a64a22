// The chosen hit with its evidence, places and history; one answer at a time, and old answers never win.
import { batch, signal } from "@preact/signals";
import { runId } from "../run/state";
import { getHit } from "./calls";
import type { HitDetail } from "./types";

export const detail = signal<HitDetail | null>(null);
export const detailError = signal<unknown>(null);
/** GCJ-02 was asked for; it is for navigation only, so it is never there unasked. */
export const gcj02Asked = signal(false);

let wanted: string | null = null;
let wantedRun = "";
let asking: AbortController | null = null;

/** Show the hit `id`, or none; what is there, or on its way, is not asked for again. */
export function showDetail(id: string | null): void {
  // A repeated run gives its hits the same ids.
  if (id !== wanted || runId.value !== wantedRun) void loadDetail(id);
}

/** Ask for the hit `id`, whatever is there. */
export async function loadDetail(id: string | null): Promise<void> {
  asking?.abort();
  if (id !== wanted || runId.value !== wantedRun) forget();
  wanted = id;
  wantedRun = runId.value;
  if (id === null) return;
  const stop = new AbortController();
  asking = stop;
  try {
    const answer = await getHit(id, gcj02Asked.value, stop.signal);
    if (!stop.signal.aborted) batch(() => { detail.value = answer; detailError.value = null; });
  } catch (why) {
    if (!stop.signal.aborted) detailError.value = why;
  }
}

function forget(): void {
  batch(() => {
    detail.value = null;
    detailError.value = null;
    gcj02Asked.value = false;
  });
}

export async function askGcj02(): Promise<void> {
  gcj02Asked.value = true;
  await loadDetail(wanted);
}

/** What the answer to a review says of the hit that is shown. */
export function putDetail(fresh: HitDetail): void {
  if (fresh.properties.id !== wanted) return;
  asking?.abort();
  if (gcj02Asked.value) void loadDetail(wanted);
  else detail.value = fresh;
}
