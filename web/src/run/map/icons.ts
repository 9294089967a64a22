// Pictures drawn on a canvas, since the map has no server for sprites: badges and dots of hits, hatching, arrows.
import type { Origin, Verdict } from "../types";

export interface Picture {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

export interface Look {
  colour: string;
  letter: string;
  verdict: Verdict;
  origin: Origin;
}

const RATIO = 2; // pixels of a picture for each of the page
const GREY = "#6b7780";
const INK = "#13303b";
const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif';

export const ICON_RATIO = RATIO;

function draw(side: number, paint: (pen: CanvasRenderingContext2D) => void, height = side): Picture {
  const canvas = document.createElement("canvas");
  canvas.width = side * RATIO;
  canvas.height = height * RATIO;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (pen === null) throw new Error("no 2D canvas");
  pen.scale(RATIO, RATIO);
  paint(pen);
  const { width, height: tall, data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  return { width, height: tall, data };
}

/** What the detector found is round; what an officer added is a square on its corner. */
function outline(pen: CanvasRenderingContext2D, origin: Origin, middle: number, radius: number): void {
  pen.beginPath();
  if (origin === "model") {
    pen.arc(middle, middle, radius, 0, 2 * Math.PI);
    return;
  }
  const far = radius * 1.16;
  pen.moveTo(middle, middle - far);
  pen.lineTo(middle + far, middle);
  pen.lineTo(middle, middle + far);
  pen.lineTo(middle - far, middle);
  pen.closePath();
}

/** Full with a white edge; rejected ones are hollow and grey, confirmed ones have a dark edge. */
function body(pen: CanvasRenderingContext2D, look: Look, middle: number, radius: number, edge: number): void {
  const rejected = look.verdict === "rejected";
  pen.lineJoin = "round";
  outline(pen, look.origin, middle, radius);
  pen.lineWidth = edge * 2;
  pen.strokeStyle = look.verdict === "confirmed" ? INK : "#fff";
  pen.stroke();
  pen.fillStyle = rejected ? "#f4f6f7" : look.colour;
  pen.fill();
  if (!rejected) return;
  pen.lineWidth = edge;
  pen.strokeStyle = GREY;
  pen.stroke();
}

function stroke(pen: CanvasRenderingContext2D, colour: string, width: number, points: [number, number][]): void {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.lineWidth = width;
  pen.lineCap = "round";
  pen.strokeStyle = colour;
  pen.stroke();
}

/** A mark at the lower right: a tick for confirmed, a plus for added. */
function mark(pen: CanvasRenderingContext2D, verdict: Verdict, x: number, y: number): void {
  if (verdict !== "confirmed" && verdict !== "added") return;
  pen.beginPath();
  pen.arc(x, y, 6, 0, 2 * Math.PI);
  pen.fillStyle = verdict === "confirmed" ? "#1b7f4d" : INK;
  pen.fill();
  pen.lineWidth = 1.2;
  pen.strokeStyle = "#fff";
  pen.stroke();
  if (verdict === "confirmed") return stroke(pen, "#fff", 1.7, [[x - 2.8, y], [x - 0.7, y + 2.3], [x + 3, y - 2.3]]);
  stroke(pen, "#fff", 1.6, [[x - 2.8, y], [x + 2.8, y]]);
  stroke(pen, "#fff", 1.6, [[x, y - 2.8], [x, y + 2.8]]);
}

/** A hit where there is room: its class's first letter in its shape, with its verdict. 30 × 30. */
export function badge(look: Look): Picture {
  return draw(30, (pen) => {
    body(pen, look, 15, 10, 2);
    pen.font = `600 11.5px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = look.verdict === "rejected" ? GREY : "#fff";
    pen.fillText(look.letter, 15, 15.7);
    if (look.verdict === "rejected") stroke(pen, "#b3261e", 1.8, [[8, 22], [22, 8]]);
    mark(pen, look.verdict, 23, 23);
  });
}

/** Diagonal lines: ground that nobody looked at. Repeats seamlessly. */
export function hatch(): Picture {
  return draw(12, (pen) => {
    for (const shift of [-12, 0, 12]) stroke(pen, "rgba(179, 38, 30, 0.85)", 1.6, [[shift - 2, 14], [shift + 14, -2]]);
  });
}

/** Points along the track in the direction of flight. */
export function arrow(): Picture {
  return draw(14, (pen) => {
    pen.beginPath();
    pen.moveTo(12, 7);
    pen.lineTo(4, 2.5);
    pen.lineTo(6, 7);
    pen.lineTo(4, 11.5);
    pen.closePath();
    pen.fillStyle = "#1668b8";
    pen.strokeStyle = "#fff";
    pen.lineWidth = 2;
    pen.lineJoin = "round";
    pen.stroke();
    pen.fill();
  });
}

/** A short line from where the camera was to where the picture's top looked. */
export function top(searched: boolean): Picture {
  return draw(26, (pen) => {
    stroke(pen, "#fff", 3.8, [[13, 8.5], [13, 3]]);
    stroke(pen, searched ? "#1668b8" : "#b3261e", 2, [[13, 8.5], [13, 3]]);
  });
}

/** Where the flight began. */
export function start(): Picture {
  return draw(14, (pen) => {
    pen.beginPath();
    pen.arc(7, 7, 5, 0, 2 * Math.PI);
    pen.fillStyle = "#2e9e4f";
    pen.fill();
    pen.lineWidth = 2;
    pen.strokeStyle = "#fff";
    pen.stroke();
  });
}

/** A cross in a ring: a place that was asked for, or where a hit would go. */
export function target(): Picture {
  return draw(34, (pen) => {
    for (const [colour, width] of [["#fff", 5], [INK, 2]] as const) {
      pen.beginPath();
      pen.arc(17, 17, 9, 0, 2 * Math.PI);
      for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
        pen.moveTo(17 + x * 4, 17 + y * 4);
        pen.lineTo(17 + x * 14, 17 + y * 14);
      }
      pen.lineWidth = width;
      pen.strokeStyle = colour;
      pen.stroke();
    }
  });
}
