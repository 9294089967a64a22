// The uploads of this window, one a flight; and what the browser remembers of a folder until all of it is declared.

import { effect } from "@preact/signals";
import { user } from "../session";
import type { Pick } from "./collect";
import { placeOf } from "./places";
import { open, running } from "./running";
import { Upload } from "./upload";

const uploads = new Map<string, Upload>(); // by flight
const all = new Map<string, Upload>(); // by page
let owner: string | null = null;

/** The upload of a flight; made when there is none. */
export function uploadOf(flightId: string): Upload {
  let found = uploads.get(flightId);
  if (!found) {
    found = new Upload(placeOf(flightId));
    uploads.set(flightId, found);
    register(`/flights/${flightId}`, found);
  }
  return found;
}

/** Let every page know of an upload, in place of an earlier one of the same page. */
export function register(href: string, upload: Upload): void {
  all.set(href, upload);
  running.value = [...all].map(([page, each]) => ({ href: page, view: each.view }));
}

/** Somebody else signed in at this window: what the one before had begun is theirs. */
effect(() => {
  const now = user.value?.id ?? null;
  if (now === null) return;
  if (owner !== null && owner !== now) {
    for (const upload of all.values()) upload.leave();
    uploads.clear();
    all.clear();
    running.value = [];
  }
  owner = now;
});

addEventListener("beforeunload", (event) => {
  if (open.value.length) event.preventDefault();
});

export interface Chosen {
  folder: string;
  files: number;
  bytes: number;
}

const key = (flightId: string): string => `qly-folder-${flightId}`;

export function remember(flightId: string, pick: Pick): void {
  const chosen: Chosen = { folder: pick.folder, files: pick.files.length, bytes: pick.files.reduce((all, file) => all + file.size, 0) };
  try {
    localStorage.setItem(key(flightId), JSON.stringify(chosen));
  } catch {
    // without it the page only knows what the server knows
  }
}

/** The folder that was last chosen for this flight in this browser. */
export function remembered(flightId: string): Chosen | null {
  try {
    return JSON.parse(localStorage.getItem(key(flightId)) ?? "null") as Chosen | null;
  } catch {
    return null;
  }
}

export function forgetChosen(flightId: string): void {
  try {
    localStorage.removeItem(key(flightId));
  } catch {
    // nothing was remembered
  }
}
