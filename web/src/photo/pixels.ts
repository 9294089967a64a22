// Pixels of the photo, and of the screen. Ours have (0, 0) at the centre of the top-left pixel, so that the whole image is
// [-0.5, -0.5, w - 0.5, h - 0.5]; OpenSeadragon's have it at that pixel's corner.
import type { Box, XY } from "./types";

const HALF = 0.5;

export const toCorner = ([x, y]: XY): XY => [x + HALF, y + HALF];
export const fromCorner = ([x, y]: XY): XY => [x - HALF, y - HALF];

/** How the photo lies on the screen: screen = offset + scale × (pixel + 0.5), in CSS pixels from the stage's corner. */
export interface View {
  scale: number;
  left: number;
  top: number;
  width: number; // of the stage
  height: number;
}

export function toScreen(view: View, point: XY): XY {
  const [x, y] = toCorner(point);
  return [view.left + view.scale * x, view.top + view.scale * y];
}

export function toPhoto(view: View, [x, y]: XY): XY {
  return fromCorner([(x - view.left) / view.scale, (y - view.top) / view.scale]);
}

export interface Size {
  width_px: number;
  height_px: number;
}

export function isInside([x, y]: XY, { width_px, height_px }: Size): boolean {
  return x >= -HALF && y >= -HALF && x <= width_px - HALF && y <= height_px - HALF;
}

/** The nearest point of the photo. */
export function inside([x, y]: XY, { width_px, height_px }: Size): XY {
  return [clamp(x, -HALF, width_px - HALF), clamp(y, -HALF, height_px - HALF)];
}

export const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** Hundredths, as the server keeps pixels. */
export const rounded = ([x, y]: XY): XY => [Math.round(x * 100) / 100, Math.round(y * 100) / 100];

const AROUND = 6; // a source is judged with its surroundings: this many of its own lengths
const LEAST_PX = 240; // and never closer than this much of the photo

/** What to show of the photo so that a box is seen with its surroundings: [left, top, width, height] from the corner. */
export function around([x0, y0, x1, y1]: Box): [number, number, number, number] {
  const side = Math.max(LEAST_PX, AROUND * Math.max(x1 - x0, y1 - y0));
  const [x, y] = toCorner([(x0 + x1) / 2, (y0 + y1) / 2]);
  return [x - side / 2, y - side / 2, side, side];
}

/** The smallest of the boxes that hold the point, or whose middle is within `near` pixels of it. */
export function boxAt<T extends { box_px: readonly number[] }>(boxes: readonly T[], [x, y]: XY, near: number): T | null {
  const holding = boxes.filter(({ box_px: [x0 = 0, y0 = 0, x1 = 0, y1 = 0] }) => {
    const grow = Math.max(0, near - Math.min(x1 - x0, y1 - y0) / 2);
    return x >= x0 - grow && x <= x1 + grow && y >= y0 - grow && y <= y1 + grow;
  });
  return holding.reduce<T | null>((best, each) => (best && area(best.box_px) <= area(each.box_px) ? best : each), null);
}

const area = ([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: readonly number[]): number => (x1 - x0) * (y1 - y0);
