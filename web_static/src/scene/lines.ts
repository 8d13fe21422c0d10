// All lines of the picture in one draw: edges of boxes, links, arcs, outlines. Their widths are CSS pixels.

import { BufferAttribute, BufferGeometry, GLSL3, Mesh, RawShaderMaterial, Vector2 } from "three";
import type { RGB } from "../colour/tokens";
import { at } from "../layout/list";
import type { Point } from "../layout/types";

const VERTEX = /* glsl */ `
in vec3 position;
in vec3 other;
in vec4 tint;
in vec2 corner;
in float when;
uniform mat4 scene;
uniform vec2 size;
uniform float ratio, wave;
out vec4 ink;
out vec3 place;
out float passed;
void main() {
  vec4 here = scene * vec4(position, 1.0), there = scene * vec4(other, 1.0);
  vec2 a = here.xy / here.w * size * 0.5, b = there.xy / there.w * size * 0.5;
  float length0 = length(b - a);
  vec2 along = length0 > 1e-4 ? (b - a) / length0 : vec2(1.0, 0.0);
  // corner.x is the half width, its sign the side; corner.y is 1 where this is the line's end.
  float half0 = abs(corner.x) * ratio, reach = half0 + 0.75;
  vec2 across = vec2(-along.y, along.x) * sign(corner.x) * (corner.y > 0.5 ? -1.0 : 1.0);
  vec2 spot = a - along * reach + across * reach;
  place = vec3(-reach, reach * sign(corner.x), half0);
  if (corner.y > 0.5) place.x = length0 + reach;
  ink = vec4(tint.rgb, length0);
  passed = wave - when;
  // As if it were tint.a units nearer, so that an edge is not lost in its own face.
  float depth = 1.0 + (here.z - here.w) / max(here.w - tint.a, 0.01);
  gl_Position = here.w > 0.05 ? vec4(spot / (size * 0.5), depth, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}`;

const FRAGMENT = /* glsl */ `
precision highp float;
in vec4 ink;
in vec3 place;
// How long ago the forward pass came by here.
in float passed;
uniform vec3 accent;
out vec4 colour;
void main() {
  float beyond = max(max(-place.x, place.x - ink.a), 0.0);
  float far = length(vec2(beyond, place.y));
  float cover = clamp(place.z + 0.5 - far, 0.0, 1.0) * min(1.0, place.z * 2.0);
  if (cover <= 0.004) discard;
  vec3 seen = mix(ink.rgb, accent, passed < 0.0 ? 0.0 : 1.0 - smoothstep(0.25, 0.8, passed));
  colour = vec4(seen, cover * (passed < 0.0 ? 0.3 : 1.0));
}`;

const FLOATS = 13;
/** Of what the forward pass does not come by. */
const ALWAYS: Span = [-1e9, -1e9];

/** When the forward pass comes to the beginning and to the end of a line. */
export type Span = readonly [number, number];

/** Collects segments and gives them to the GPU as one mesh. */
export class Lines {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;
  #data = new Float32Array(4096);
  #used = 0;

  constructor(uniforms: Record<string, { value: unknown }>, order: number, depth = true) {
    const material = new RawShaderMaterial({
      glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthTest: depth, depthWrite: false,
      uniforms: { ...uniforms, size: { value: new Vector2(1, 1) }, ratio: { value: 1 } },
    });
    this.mesh = new Mesh(new BufferGeometry(), material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = order;
  }

  clear(): void {
    this.#used = 0;
  }

  /**
   * A polyline. `lift` counts scene units by which it is nearer in the depth buffer.
   */
  add(points: readonly Point[], colour: RGB, width: number, lift = 0.05, [from, to]: Span = ALWAYS): void {
    const reach = points.map((point, i) => (i === 0 ? 0 : Math.hypot(point.x - at(points, i - 1).x, point.y - at(points, i - 1).y, point.z - at(points, i - 1).z)));
    const whole = Math.max(1e-9, reach.reduce((sum, part) => sum + part, 0));
    let way = 0;
    const tint = [colour[0] / 255, colour[1] / 255, colour[2] / 255, lift];
    points.slice(1).forEach((b, i) => {
      const a = points[i];
      if (!a) return;
      const [forward, back] = [[a.x, a.y, a.z, b.x, b.y, b.z, ...tint], [b.x, b.y, b.z, a.x, a.y, a.z, ...tint]];
      const half = width / 2;
      const start = from + ((to - from) * way) / whole;
      way += at(reach, i + 1);
      const end = from + ((to - from) * way) / whole;
      this.#push([...forward, half, 0, start, ...forward, -half, 0, start, ...back, half, 1, end, ...back, -half, 1, end]);
    });
  }

  #push(numbers: readonly number[]): void {
    if (this.#used + numbers.length > this.#data.length) {
      const larger = new Float32Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    this.#data.set(numbers, this.#used);
    this.#used += numbers.length;
  }

  /** Hands over what was added since `clear`. */
  commit(): void {
    const count = this.#used / FLOATS;
    const geometry = this.mesh.geometry;
    const known = geometry.getAttribute("position") as BufferAttribute | undefined;
    if (!known || known.count < count) {
      geometry.dispose();
      const room = Math.ceil((count * 1.25) / 4) * 4;
      this.mesh.geometry = new BufferGeometry();
      for (const [name, size] of [["position", 3], ["other", 3], ["tint", 4], ["corner", 2], ["when", 1]] as const) {
        this.mesh.geometry.setAttribute(name, new BufferAttribute(new Float32Array(room * size), size));
      }
      const index = new Uint32Array((room / 4) * 6);
      for (let i = 0; i < room / 4; i++) index.set([0, 1, 2, 2, 1, 3].map((corner) => corner + i * 4), i * 6);
      this.mesh.geometry.setIndex(new BufferAttribute(index, 1));
    }
    const { position, other, tint, corner, when } = this.mesh.geometry.attributes;
    let from = 0;
    for (const attribute of [position, other, tint, corner, when] as BufferAttribute[]) {
      const [array, size] = [attribute.array as Float32Array, attribute.itemSize];
      for (let i = 0; i < count; i++) {
        for (let k = 0; k < size; k++) array[i * size + k] = this.#data[i * FLOATS + from + k] ?? 0;
      }
      attribute.needsUpdate = true;
      from += size;
    }
    this.mesh.geometry.setDrawRange(0, (count / 4) * 6);
    this.mesh.visible = count > 0;
  }

  resize(width: number, height: number, ratio: number): void {
    const { size, ratio: scale } = this.mesh.material.uniforms;
    (size?.value as Vector2).set(width * ratio, height * ratio);
    if (scale) scale.value = ratio;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
