// Meridians and parallels at round steps, so that a map without a base map still says where it is.

const SECOND = 1 / 3600;
const STEPS_DEG = [
  30, 20, 10, 5, 2, 1, 1 / 2, 1 / 3, 1 / 6, 1 / 12, 1 / 30, 1 / 60,
  30 * SECOND, 20 * SECOND, 10 * SECOND, 5 * SECOND, 2 * SECOND, SECOND, SECOND / 2, SECOND / 5, SECOND / 10,
];
const APART_PX = 130; // so that the longest label has room

export interface View {
  west: number;
  south: number;
  east: number;
  north: number;
  width_px: number;
}

/** The smallest step whose lines are far enough apart. */
function step(view: View): number {
  const perPixel = (view.east - view.west) / view.width_px;
  return STEPS_DEG.findLast((each) => each / perPixel >= APART_PX) ?? 30;
}

/** 113.5083 → "113°30′30″E"; seconds with a decimal where the step asks for it. */
export function graduation(value: number, size: number, letters: readonly [string, string]): string {
  const tenths = Math.round(Math.abs(value) * 36000);
  const [degrees, minutes, seconds] = [Math.floor(tenths / 36000), Math.floor((tenths % 36000) / 600), (tenths % 600) / 10];
  const two = (part: number, digits = 0): string => part.toFixed(digits).padStart(digits ? 4 : 2, "0");
  const fine = size < 0.9 / 60 ? `${two(minutes)}′${two(seconds, size < 0.9 * SECOND ? 1 : 0)}″` : size < 0.9 ? `${two(minutes)}′` : "";
  return `${degrees}°${fine}${letters[value < 0 ? 1 : 0]}`;
}

function line(points: [number, number][]): GeoJSON.Feature {
  return { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: points } };
}

function label(name: string, at: [number, number], anchor: string): GeoJSON.Feature {
  return { type: "Feature", properties: { name, anchor }, geometry: { type: "Point", coordinates: at } };
}

/** Lines that reach beyond the view on all sides, labelled along its top and left edges. */
export function graticule(view: View): GeoJSON.FeatureCollection {
  const [wide, tall] = [view.east - view.west, view.north - view.south];
  const size = step(view);
  const features: GeoJSON.Feature[] = [];
  const [top, bottom] = [Math.min(85, view.north + tall), Math.max(-85, view.south - tall)];
  for (let i = Math.ceil((view.west - wide) / size); i * size < view.east + wide; i += 1) {
    features.push(line([[i * size, bottom], [i * size, top]]));
    features.push(label(graduation(i * size, size, ["E", "W"]), [i * size, view.north], "top"));
  }
  for (let i = Math.ceil(bottom / size); i * size < top; i += 1) {
    features.push(line([[view.west - wide, i * size], [view.east + wide, i * size]]));
    features.push(label(graduation(i * size, size, ["N", "S"]), [view.west, i * size], "left"));
  }
  return { type: "FeatureCollection", features };
}
