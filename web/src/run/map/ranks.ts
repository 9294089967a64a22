// From which zoom on a hit gets a badge with its class and number: the surest first, one in each cell of the screen.
// Worked out once for each set of hits, so that the map never has to fit ten thousand badges while it is moved.
import type { Hit } from "../../types";
import { spot } from "./mercator";

const CELL_PX = 46;
const [FIRST_ZOOM, LAST_ZOOM] = [8, 22];
const STRIDE = 2 ** 26; // more cells than there are across the earth at the last zoom

/** For each hit the whole zoom from which it has a badge; LAST_ZOOM + 1 for those that lie all but on another. */
export function badgeZooms(hits: readonly Hit[]): number[] {
  const places = hits.map(spot);
  const order = hits.map((_, i) => i).sort((a, b) => rank(hits[b]) - rank(hits[a]) || a - b);
  const zooms = new Array<number>(hits.length).fill(LAST_ZOOM + 1);
  let waiting = order;
  const badged: number[] = [];
  for (let zoom = FIRST_ZOOM; zoom <= LAST_ZOOM && waiting.length > 0; zoom += 1) {
    const cells = (512 * 2 ** zoom) / CELL_PX;
    const cell = (i: number): number => Math.floor((places[i]?.x ?? 0) * cells) * STRIDE + Math.floor((places[i]?.y ?? 0) * cells);
    const taken = new Set(badged.map(cell));
    waiting = waiting.filter((i) => {
      const at = cell(i);
      if (taken.has(at)) return true;
      taken.add(at);
      badged.push(i);
      zooms[i] = zoom;
      return false;
    });
  }
  return zooms;
}

function rank(hit: Hit | undefined): number {
  return hit === undefined ? 0 : hit.properties.confidence - (hit.properties.verdict === "rejected" ? 1 : 0);
}
