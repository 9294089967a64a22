// Where a hit lies in Web Mercator, worked out once: filters and verdicts change what is drawn, not where.
import { MercatorCoordinate } from "maplibre-gl";

import type { Hit } from "../../types";

export interface Spot {
  x: number; // of the whole earth's width, from the west
  y: number; // from the north
  unit: number; // of a metre there
}

const known = new WeakMap<Hit["geometry"], Spot>();

export function spot({ geometry }: Hit): Spot {
  const found = known.get(geometry);
  if (found !== undefined) return found;
  const [lon = 0, lat = 0] = geometry.coordinates;
  const at = MercatorCoordinate.fromLngLat([lon, lat]);
  const made = { x: at.x, y: at.y, unit: at.meterInMercatorCoordinateUnits() };
  known.set(geometry, made);
  return made;
}
