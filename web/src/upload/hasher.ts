// The page's side of the hash worker.

import type { Answer, Ask } from "./worker";

interface Waiting {
  done: (sha256: string) => void;
  fail: (why: Error) => void;
  progress: (bytes: number) => void;
}

const waiting = new Map<number, Waiting>();
let worker: Worker | null = null;
let next = 1;

function start(): Worker {
  const made = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  made.onmessage = (event: MessageEvent<Answer>) => take(event.data);
  made.onerror = () => {
    for (const each of waiting.values()) each.fail(new Error("the browser ended the worker that computes checksums"));
    waiting.clear();
    made.terminate();
    worker = null;
  };
  return made;
}

function take(answer: Answer): void {
  const asked = waiting.get(answer.id);
  if (!asked) return;
  if (answer.kind === "progress") {
    asked.progress(answer.bytes);
    return;
  }
  waiting.delete(answer.id);
  if (answer.kind === "done") asked.done(answer.sha256);
  else asked.fail(new Error(answer.message));
}

/** SHA-256 in hexadecimal; rejects when the file cannot be read, and with an AbortError when `signal` says so. */
export function hash(file: File, progress: (bytes: number) => void, signal: AbortSignal): Promise<string> {
  const id = next++;
  const ask = (what: Ask): void => (worker ??= start()).postMessage(what);
  return new Promise((done, fail) => {
    waiting.set(id, { done, fail, progress });
    signal.addEventListener("abort", () => {
      if (!waiting.delete(id)) return;
      ask({ id, file: null });
      fail(new DOMException("stopped", "AbortError"));
    });
    ask({ id, file });
  });
}
