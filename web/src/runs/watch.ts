// A run as it happens: the server's events, with a plain question now and then while they cannot be had.

import { get } from "../api";
import type { Run, RunProgress } from "../types";

/** A line of hits.partial.jsonl: what one photo shows, with a place when it could be located at once. */
export interface Finding {
  frame_id: string;
  class: string;
  confidence: number;
  lat_deg: number | null;
  lon_deg: number | null;
  r90_m: number | null;
  t: string | null;
}

export interface Watcher {
  onProgress: (progress: Partial<Run> & RunProgress) => void;
  onFinding: (finding: Finding, number: number) => void;
  onLog: (line: string) => void;
  /** The line to the server broke, or is there again. */
  onLine: (connected: boolean) => void;
}

const ENDED = new Set(["done", "failed", "cancelled"]);
const AGAIN_MS = 3_000;

/** Hear of a run until it has ended; returns what ends the hearing. */
export function watchRun(id: string, to: Watcher): () => void {
  let stopped = false;
  let heard = 0;
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function stop(): void {
    stopped = true;
    clearTimeout(timer);
    source?.close();
  }

  function progress(state: Partial<Run> & RunProgress): void {
    to.onProgress(state);
    if (ENDED.has(state.state)) stop();
  }

  /** EventSource comes back by itself after a broken line, but not after an answer such as 502. */
  async function lost(): Promise<void> {
    to.onLine(false);
    if (source?.readyState !== EventSource.CLOSED || stopped) return;
    const run = await get<Run>(`/api/runs/${id}`).catch(() => null);
    if (stopped) return;
    if (run) progress(run);
    if (!stopped) timer = setTimeout(open, AGAIN_MS);
  }

  function open(): void {
    if (stopped) return;
    source = new EventSource(`/api/runs/${id}/events`);
    source.onopen = () => to.onLine(true);
    source.onerror = () => void lost();
    on(source, "progress", progress);
    on(source, "finding", (finding: Finding, number) => {
      if (number <= heard) return; // a new EventSource hears the first ones again
      heard = number;
      to.onFinding(finding, number);
    });
    on(source, "log", (given: { line: string }) => to.onLog(given.line));
  }

  open();
  return stop;
}

function on<T>(source: EventSource, name: string, act: (data: T, number: number) => void): void {
  source.addEventListener(name, (event) => {
    const { data, lastEventId } = event as MessageEvent<string>;
    act(JSON.parse(data) as T, Number(lastEventId));
  });
}
