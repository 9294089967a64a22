// SHA-256 of files, apart from the page. WebAssembly: the browser's own is missing on plain http.

import { createSHA256 } from "hash-wasm";

export interface Ask {
  id: number;
  file: File | null; // null: stop with this one
}

export type Answer =
  | { id: number; kind: "progress"; bytes: number }
  | { id: number; kind: "done"; sha256: string }
  | { id: number; kind: "failed"; message: string };

const PIECE = 4 * 1024 * 1024;
const stopped = new Set<number>();
let turn: Promise<void> = Promise.resolve();

function say(answer: Answer): void {
  postMessage(answer);
}

async function digest(id: number, file: File): Promise<string | null> {
  const sha256 = await createSHA256();
  for (let at = 0; at < file.size; at += PIECE) {
    if (stopped.delete(id)) return null;
    const piece = await file.slice(at, at + PIECE).arrayBuffer();
    sha256.update(new Uint8Array(piece));
    say({ id, kind: "progress", bytes: Math.min(file.size, at + PIECE) });
  }
  return sha256.digest("hex");
}

async function answer(id: number, file: File): Promise<void> {
  try {
    const sha256 = await digest(id, file);
    if (sha256 !== null) say({ id, kind: "done", sha256 });
  } catch (why) {
    say({ id, kind: "failed", message: why instanceof Error ? why.message : String(why) });
  }
}

addEventListener("message", (event: MessageEvent<Ask>) => {
  const { id, file } = event.data;
  if (file === null) stopped.add(id);
  else turn = turn.then(() => answer(id, file));
});
