// Boxes, source points and the crosshair over the photo. They take no pointer: the stage below is dragged through them.
import { classColour, className } from "../run/classes";
import { toScreen, type View } from "./pixels";
import type { PhotoBox, XY } from "./types";

interface BoxProps {
  view: View;
  box: PhotoBox;
  n: number | null;
  chosen: boolean;
}

const LEAST = 14; // a box smaller than this on the screen is drawn this large
const ROOM = 36; // only boxes from this width on are named: many small ones would write over each other

function BoxMark({ view, box, n, chosen }: BoxProps) {
  const [x0, y0] = toScreen(view, [box.box_px[0], box.box_px[1]]);
  const [x1, y1] = toScreen(view, [box.box_px[2], box.box_px[3]]);
  const [px, py] = toScreen(view, box.point_px);
  const wide = Math.max(0, (LEAST - (x1 - x0)) / 2);
  const high = Math.max(0, (LEAST - (y1 - y0)) / 2);
  const frame = { x: x0 - wide, y: y0 - high, width: x1 - x0 + 2 * wide, height: y1 - y0 + 2 * high };
  return (
    <g class={`photo-mark is-${box.verdict} ${chosen ? "is-chosen" : ""}`} style={{ color: classColour(box.class) }} data-hit={box.hit}>
      <rect class="under" {...frame} />
      <rect class="line" {...frame} />
      <path class="under" d={cross(px, py, 5)} />
      <path class="line" d={cross(px, py, 5)} />
      <text x={frame.x} y={frame.y - 6}>{n === null ? "" : `#${n} `}{chosen || frame.width >= ROOM ? className(box.class) : ""}</text>
    </g>
  );
}

const cross = (x: number, y: number, r: number): string => `M${x - r} ${y}H${x + r}M${x} ${y - r}V${y + r}`;

function Crosshair({ view, at, set }: { view: View; at: XY; set: boolean }) {
  const [x, y] = toScreen(view, at);
  const gap = 7;
  const lines = `M0 ${y}H${x - gap}M${x + gap} ${y}H${view.width}M${x} 0V${y - gap}M${x} ${y + gap}V${view.height}`;
  return (
    <g class={`crosshair ${set ? "set" : ""}`} data-x={at[0]} data-y={at[1]}>
      <path class="under" d={lines} />
      <path class="line" d={lines} />
      <circle class="under" cx={x} cy={y} r={gap} />
      <circle class="line" cx={x} cy={y} r={gap} />
      <circle class="dot" cx={x} cy={y} r={1.5} />
    </g>
  );
}

interface OverlayProps {
  view: View | null;
  boxes: readonly PhotoBox[];
  numbers: ReadonlyMap<string, number>;
  chosen: string | null;
  aim: { at: XY; set: boolean } | null;
}

/** Everything that lies over the photo; the chosen box is drawn last, so that it lies on top. */
export function Overlay({ view, boxes, numbers, chosen, aim }: OverlayProps) {
  if (!view) return null;
  const sorted = [...boxes].sort((a, b) => Number(a.hit === chosen) - Number(b.hit === chosen));
  return (
    <svg class="photo-overlay" width={view.width} height={view.height} aria-hidden="true">
      {sorted.map((box, index) => (
        <BoxMark key={`${box.hit}-${index}`} view={view} box={box} n={numbers.get(box.hit) ?? null} chosen={box.hit === chosen} />
      ))}
      {aim ? <Crosshair view={view} at={aim.at} set={aim.set} /> : null}
    </svg>
  );
}
