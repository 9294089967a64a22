// Every hit as a small mark: round for the detector's, a square on its corner for an officer's; a dark edge when it was
// confirmed, hollow with a cross when it was rejected. Smaller where they crowd.
import type { Hit } from "../../types";
import { classColour } from "../classes";
import { FRAGMENT_HEAD, InstancedLayer, rgb, VERTEX_HEAD, type Attribute } from "./instanced";
import { spot, type Spot } from "./mercator";

const FLOATS = 6;
const [LEAST_PX, MOST_PX] = [2.1, 4.4];
const VERDICTS = { open: 0, added: 0, confirmed: 1, rejected: 2 } as const;
const OFFICER = 4;

const VERTEX = `${VERTEX_HEAD}
uniform float u_radius_px;
in vec4 a_look;  // colour; verdict, and ${OFFICER} more for an officer's
out vec2 v_at;
out vec4 v_look;
void main() {
  v_at = a_corner * (u_radius_px * 1.5 + 3.0);
  v_look = a_look;
  gl_Position = place(v_at);
}`;

const FRAGMENT = `${FRAGMENT_HEAD}
uniform float u_radius_px;
in vec2 v_at;
in vec4 v_look;
const vec3 INK = vec3(0.075, 0.19, 0.23);
const vec3 GREY = vec3(0.42, 0.467, 0.502);
float within(float off_px) { return 1.0 - smoothstep(-0.5, 0.5, off_px); }
void main() {
  bool officer = v_look.a > 3.5;
  float verdict = v_look.a - (officer ? ${OFFICER}.0 : 0.0);
  bool rejected = verdict > 1.5;
  bool confirmed = !rejected && verdict > 0.5;
  float away = officer ? (abs(v_at.x) + abs(v_at.y)) * 0.74 : length(v_at);
  float cross = min(abs(v_at.x - v_at.y), abs(v_at.x + v_at.y)) * 0.7071;
  float edge_px = u_radius_px * 0.18 + 0.6;
  vec3 fill = rejected ? mix(vec3(0.96), GREY, within(cross - 0.6)) : v_look.rgb;
  vec3 edge = confirmed ? INK : rejected ? GREY : vec3(1.0);
  vec3 colour = mix(edge, fill, within(away - u_radius_px));
  float alpha = within(away - u_radius_px - edge_px);
  o_colour = vec4(colour * alpha, alpha);
}`;

export class DotLayer extends InstancedLayer {
  readonly id = "hits";
  protected readonly attributes: readonly Attribute[] = [["a_look", 4]];
  protected readonly shaders = [VERTEX, FRAGMENT] as const;
  private spacing = 1; // between neighbours on average, in Mercator units

  /** What to draw from now on; the surest on top, rejected ones below. */
  set(hits: readonly Hit[]): void {
    const spots = hits.map(spot);
    const anchor = spots[0] ?? { x: 0, y: 0, unit: 0 };
    const data = new Float32Array(hits.length * FLOATS);
    drawingOrder(hits).forEach((at, i) => {
      const [place, hit] = [spots[at], hits[at]];
      if (place && hit) data.set([place.x - anchor.x, place.y - anchor.y, ...look(hit)], i * FLOATS);
    });
    this.spacing = spacing(spots);
    this.draw(data, anchor);
  }

  protected override dress(gl: WebGL2RenderingContext, program: WebGLProgram, world_px: number): void {
    const radius_px = Math.min(MOST_PX, Math.max(LEAST_PX, this.spacing * world_px * 0.3));
    gl.uniform1f(gl.getUniformLocation(program, "u_radius_px"), radius_px);
  }
}

function look({ properties }: Hit): number[] {
  return [...rgb(classColour(properties.class)), VERDICTS[properties.verdict] + (properties.origin === "officer" ? OFFICER : 0)];
}

function drawingOrder(hits: readonly Hit[]): number[] {
  const rank = hits.map(({ properties: { verdict, confidence } }) => (verdict === "rejected" ? confidence - 2 : confidence));
  return hits.map((_, i) => i).sort((a, b) => (rank[a] ?? 0) - (rank[b] ?? 0));
}

function spacing(spots: readonly Spot[]): number {
  let [west, east, north, south] = [1, 0, 1, 0];
  for (const { x, y } of spots) {
    [west, east] = [Math.min(west, x), Math.max(east, x)];
    [north, south] = [Math.min(north, y), Math.max(south, y)];
  }
  const area = Math.max(east - west, 1e-7) * Math.max(south - north, 1e-7); // 1e-7: four metres
  return Math.sqrt(area / Math.max(spots.length, 1));
}
