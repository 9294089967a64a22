// Which photo is opened, and which comes before and after it.
import { openPhoto } from "../run/state";
import type { Photo } from "../types";
import { getHit } from "./calls";
import type { Evidence, HitDetail } from "./types";

/** The view that shows a hit best: the surest one whose photo is there. */
export function bestView(hit: HitDetail): Evidence | null {
  const there = hit.evidence.filter((view) => view.k !== null);
  return there.reduce<Evidence | null>((best, view) => (best && best.confidence >= view.confidence ? best : view), null);
}

/** Open the photo that shows the hit best; nothing happens when there is none. */
export async function openHit(id: string): Promise<void> {
  const view = bestView(await getHit(id, false));
  if (view && view.k !== null) openPhoto(view.k, id);
}

/** The run's photos by time; those without a time last, as they were given. */
export function byTime(list: readonly Photo[]): Photo[] {
  return [...list].sort((a, b) => compare(a.t, b.t) || a.k - b.k);
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}
