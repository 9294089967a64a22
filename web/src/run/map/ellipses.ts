// Error ellipses, each at its true size on the ground at every zoom.
import type { Hit } from "../../types";
import { classColour } from "../classes";
import { FRAGMENT_HEAD, InstancedLayer, rgb, VERTEX_HEAD, type Attribute } from "./instanced";
import { spot, type Spot } from "./mercator";

const FLOATS = 9;

const VERTEX = `${VERTEX_HEAD}
in vec3 a_axes;    // half axes in Mercator units, azimuth in radians
in vec4 a_colour;  // alpha 1: chosen
out vec2 v_at;
out vec2 v_axes;
out vec4 v_colour;
void main() {
  vec2 axes = a_axes.xy * u_world_px;
  vec2 local = a_corner * (axes + 4.0);
  vec2 longer = vec2(sin(a_axes.z), -cos(a_axes.z));
  vec2 shorter = vec2(cos(a_axes.z), sin(a_axes.z));
  bool tiny = axes.x < 2.5;  // hidden below the hit's own mark
  gl_Position = tiny ? vec4(2.0, 2.0, 2.0, 1.0) : place(longer * local.x + shorter * local.y);
  v_at = local;
  v_axes = axes;
  v_colour = a_colour;
}`;

const FRAGMENT = `${FRAGMENT_HEAD}
in vec2 v_at;
in vec2 v_axes;
in vec4 v_colour;
void main() {
  vec2 axes = max(v_axes, vec2(0.5));
  float level = length(v_at / axes);
  float slope = max(length(v_at / (axes * axes)), 1e-6);
  float off_px = level * (level - 1.0) / slope;  // distance from the edge, to first order
  float strong = v_colour.a;
  float dashes = max(10.0, floor(length(axes) * 0.55));
  float dash = max(strong, step(fract(atan(v_at.y / axes.y, v_at.x / axes.x) / 6.2831853 * dashes), 0.62));
  float line = (1.0 - smoothstep(0.5 + strong * 0.5, 1.3 + strong * 0.6, abs(off_px))) * dash;
  float casing = (1.0 - smoothstep(1.4, 2.6, abs(off_px))) * 0.75;
  float inside = (1.0 - smoothstep(-1.0, 0.5, off_px)) * mix(0.12, 0.2, strong);
  vec3 edge = mix(mix(v_colour.rgb, vec3(1.0), casing), v_colour.rgb, line);
  float border = max(line, casing);
  float alpha = max(border, inside) * smoothstep(2.5, 5.0, v_axes.x);
  o_colour = vec4((border > inside ? edge : v_colour.rgb) * alpha, alpha);
}`;

export class EllipseLayer extends InstancedLayer {
  readonly id = "ellipses";
  protected readonly attributes: readonly Attribute[] = [["a_axes", 3], ["a_colour", 4]];
  protected readonly shaders = [VERTEX, FRAGMENT] as const;
  private all: readonly Hit[] = [];
  private chosen: Hit | null = null;

  /** What to draw from now on; the first ones on top. */
  set(hits: readonly Hit[]): void {
    this.all = hits;
    this.pack();
  }

  /** The one that lies above all others, if any. */
  choose(hit: Hit | null): void {
    this.chosen = hit;
    this.pack();
  }

  private pack(): void {
    const every = this.chosen === null ? this.all : [this.chosen, ...this.all];
    const data = new Float32Array(every.length * FLOATS);
    const anchor = every[0] ? spot(every[0]) : { x: 0, y: 0, unit: 0 };
    every.forEach((each, i) => data.set(row(each, anchor, each === this.chosen), (every.length - 1 - i) * FLOATS));
    this.draw(data, anchor);
  }
}

function row(hit: Hit, anchor: Spot, strong: boolean): number[] {
  const { x, y, unit } = spot(hit);
  const { ellipse: [a, b, azimuth], verdict, class: label } = hit.properties;
  const colour = verdict === "rejected" ? "#6b7780" : classColour(label);
  return [x - anchor.x, y - anchor.y, a * unit, b * unit, (azimuth * Math.PI) / 180, ...rgb(colour), strong ? 1 : 0];
}
