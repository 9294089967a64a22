// A layer of many small shapes, drawn in one call whatever their number: one row of floats each, two triangles each.
// The map is never tilted or turned, so that a place becomes pixels by one factor and one shift.
import type { CustomLayerInterface, Map as GlMap } from "maplibre-gl";
import { MercatorCoordinate } from "maplibre-gl";

export type Attribute = readonly [name: string, floats: number];

/** What every vertex shader begins with; `place` puts a point, so many pixels from `a_offset`, on the screen. */
export const VERTEX_HEAD = `#version 300 es
uniform vec2 u_anchor_px;  // where the anchor is on the screen
uniform float u_world_px;  // the whole earth's width in pixels
uniform vec2 u_half_px;
in vec2 a_corner;          // of the two triangles, -1 to 1
in vec2 a_offset;          // from the anchor, in Mercator units (1: the whole earth)
vec4 place(vec2 off_px) {
  vec2 clip = (u_anchor_px + a_offset * u_world_px + off_px - u_half_px) / u_half_px;
  return vec4(clip.x, -clip.y, 0.0, 1.0);
}
`;
export const FRAGMENT_HEAD = `#version 300 es
precision highp float;
out vec4 o_colour;
`;

export abstract class InstancedLayer implements CustomLayerInterface {
  abstract readonly id: string;
  readonly type = "custom" as const;
  shown = true;
  private anchor = new MercatorCoordinate(0.5, 0.5);
  private map: GlMap | null = null;
  private program: WebGLProgram | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private buffer: WebGLBuffer | null = null;
  private data = new Float32Array(0);
  private stale = false;

  protected abstract readonly attributes: readonly Attribute[]; // after a_offset
  protected abstract readonly shaders: readonly [vertex: string, fragment: string];

  /** Uniforms of the layer's own. */
  protected dress(_gl: WebGL2RenderingContext, _program: WebGLProgram, _world_px: number): void {}

  /** Rows to draw from now on, the last on top; places relative to the anchor, so that 32 bits hold millimetres. */
  protected draw(data: Float32Array<ArrayBuffer>, anchor: { x: number; y: number }): void {
    this.data = data;
    this.anchor = new MercatorCoordinate(anchor.x, anchor.y);
    this.stale = true;
    this.map?.triggerRepaint();
  }

  onAdd(map: GlMap, gl: WebGL2RenderingContext): void {
    this.map = map;
    this.program = linked(gl, this.shaders);
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    gl.bindVertexArray(this.array);
    this.bindCorners(gl, this.program);
    this.bindRows(gl, this.program);
    gl.bindVertexArray(null);
    this.stale = true;
  }

  onRemove(_map: GlMap, gl: WebGL2RenderingContext): void {
    gl.deleteBuffer(this.buffer);
    gl.deleteVertexArray(this.array);
    gl.deleteProgram(this.program);
    this.map = null;
  }

  render(gl: WebGL2RenderingContext): void {
    const count = this.data.length / this.floats;
    if (!this.shown || count === 0 || this.map === null || this.program === null) return;
    if (this.stale) this.upload(gl);
    gl.useProgram(this.program);
    this.uniforms(gl, this.map, this.program);
    gl.bindVertexArray(this.array);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
    gl.bindVertexArray(null);
  }

  protected get floats(): number {
    return this.attributes.reduce((sum, [, size]) => sum + size, 2);
  }

  private uniforms(gl: WebGL2RenderingContext, map: GlMap, program: WebGLProgram): void {
    const at = map.project(this.anchor.toLngLat());
    const { clientWidth, clientHeight } = map.getCanvas();
    const world_px = 512 * 2 ** map.getZoom();
    gl.uniform2f(gl.getUniformLocation(program, "u_anchor_px"), at.x, at.y);
    gl.uniform1f(gl.getUniformLocation(program, "u_world_px"), world_px);
    gl.uniform2f(gl.getUniformLocation(program, "u_half_px"), clientWidth / 2, clientHeight / 2);
    this.dress(gl, program, world_px);
  }

  private upload(gl: WebGL2RenderingContext): void {
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferData(gl.ARRAY_BUFFER, this.data, gl.DYNAMIC_DRAW);
    this.stale = false;
  }

  private bindCorners(gl: WebGL2RenderingContext, program: WebGLProgram): void {
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    const corner = gl.getAttribLocation(program, "a_corner");
    gl.enableVertexAttribArray(corner);
    gl.vertexAttribPointer(corner, 2, gl.FLOAT, false, 0, 0);
  }

  private bindRows(gl: WebGL2RenderingContext, program: WebGLProgram): void {
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let at = 0;
    for (const [name, size] of [["a_offset", 2] as const, ...this.attributes]) {
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, this.floats * 4, at * 4);
      gl.vertexAttribDivisor(place, 1);
      at += size;
    }
  }
}

/** "#rrggbb" as three numbers from 0 to 1. */
export function rgb(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

function linked(gl: WebGL2RenderingContext, [vertex, fragment]: readonly [string, string]): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(kind);
    if (shader === null) throw new Error("no shader");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return program;
}
