// Where an upload goes: how its files are declared there, looked at, and taken back.

import { ApiError, get, post, remove } from "../api";
import type { StoredFile } from "../types";

export interface Told {
  path: string;
  size: number;
  sha256: string;
}

export interface Known {
  id: string;
  path: string;
}

export interface Place {
  /** Answers in the order asked. Declaring a refused file again begins it anew. */
  declare: (files: Told[]) => Promise<StoredFile[]>;
  /** What has become of files that were declared before; those it does not find are left out. */
  look: (files: readonly Known[]) => Promise<StoredFile[]>;
  /** Remove what has arrived of a file that is not whole. */
  forget: (file: Known) => Promise<unknown>;
}

const PAGE = 500;
const MOST_PAGES = 8;

export function placeOf(flightId: string): Place {
  const files = `/api/flights/${flightId}/files`;
  return {
    declare: async (told) => (await post<{ files: StoredFile[] }>(files, { files: told })).files,
    look: (known) => lookInPages(known, async (after) => (await get<{ files: StoredFile[] }>(`${files}?limit=${PAGE}&after=${encodeURIComponent(after)}`)).files),
    forget: (file) => remove(`${files}/${file.id}`).catch(goneIsFine),
  };
}

function goneIsFine(why: unknown): void {
  if (!(why instanceof ApiError && (why.status === 404 || why.code === "stored"))) throw why;
}

/** The server lists by path: a page that begins just before the first file asked for holds most of the others too. */
async function lookInPages(known: readonly Known[], page: (after: string) => Promise<StoredFile[]>): Promise<StoredFile[]> {
  const found: StoredFile[] = [];
  let left = [...known].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (let turn = 0; left.length && turn < MOST_PAGES; turn += 1) {
    const files = new Map((await page((left[0] as Known).path.slice(0, -1))).map((file) => [file.id, file]));
    for (const { id } of left) {
      const file = files.get(id);
      if (file) found.push(file);
    }
    left = left.slice(1).filter(({ id }) => !files.has(id));
  }
  return found;
}
