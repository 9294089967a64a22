// A file on its way, and what many of them add up to.

/**
 * picked → hashing → hashed → due → sending → checking → stored; refused by the server, failed after many tries,
 * unreadable on this machine, or cancelled. `held`: the person paused this one.
 */
export type Stage =
  | "picked" | "hashing" | "hashed" | "due" | "sending" | "checking" | "stored" | "refused" | "failed" | "cancelled";

export interface Item {
  path: string;
  size: number;
  file: File;
  stage: Stage;
  held: boolean;
  sha256: string;
  id: string;
  url: string | null;
  /** Bytes that the server has, or that are on the wire to it. */
  sent: number;
  hashed: number;
  /** Code of the server's reason, or of ours. */
  reason: string;
  tries: number;
}

export function newItem(path: string, size: number, file: File): Item {
  return { path, size, file, stage: "picked", held: false, sha256: "", id: "", url: null, sent: 0, hashed: 0, reason: "", tries: 0 };
}

export interface Sum {
  files: number;
  stored: number;
  refused: number;
  failed: number;
  cancelled: number;
  held: number;
  /** Neither stored, refused, failed nor cancelled. */
  open: number;
  bytes: number;
  doneBytes: number;
  hashedBytes: number;
  hashedFiles: number;
}

/** Refused and cancelled files do not count among the bytes. */
export function sum(items: Iterable<Item>): Sum {
  const all: Sum = {
    files: 0, stored: 0, refused: 0, failed: 0, cancelled: 0, held: 0, open: 0, bytes: 0, doneBytes: 0, hashedBytes: 0, hashedFiles: 0,
  };
  for (const item of items) add(all, item);
  return all;
}

function add(all: Sum, item: Item): void {
  if (item.stage === "cancelled") {
    all.cancelled += 1;
    return;
  }
  all.files += 1;
  if (item.stage === "refused") {
    all.refused += 1;
    return;
  }
  all.bytes += item.size;
  all.hashedBytes += item.sha256 ? item.size : item.hashed;
  if (item.sha256) all.hashedFiles += 1;
  all.doneBytes += item.stage === "stored" || item.stage === "checking" ? item.size : Math.min(item.sent, item.size);
  if (item.stage === "stored") all.stored += 1;
  else if (item.stage === "failed") all.failed += 1;
  else all.open += 1;
  if (item.held && item.stage !== "stored") all.held += 1;
}

/** The first that still stands at `stage` and is not held; those that do not stand there any more are dropped. */
export function take(queue: Item[], stage: Stage): Item | undefined {
  for (let index = 0; index < queue.length; ) {
    const item = queue[index] as Item;
    if (item.stage !== stage) queue.splice(index, 1);
    else if (item.held) index += 1;
    else return queue.splice(index, 1)[0];
  }
  return undefined;
}

const ENDED: ReadonlySet<Stage> = new Set<Stage>(["stored", "refused", "failed", "cancelled"]);

export function isOpen(item: Item): boolean {
  return !ENDED.has(item.stage);
}
