// Merge glyphs: discs with a sign where lines meet, all in one draw, at most 18 pixels wide.

import { BufferAttribute, BufferGeometry, GLSL3, Mesh, RawShaderMaterial, Vector2 } from "three";
import type { RGB } from "../colour/tokens";
import { GLYPH } from "../layout/measures";
import type { Point } from "../layout/types";

const VERTEX = /* glsl */ `
in vec3 position;
in vec2 corner;
in vec4 tint;
in vec3 look;
uniform mat4 scene;
uniform vec2 size;
uniform float ratio;
uniform float focal;
out vec2 place;
out float radius;
flat out vec4 ink;
flat out vec3 kind;
void main() {
  vec4 here = scene * vec4(position, 1.0);
  float unit = focal / here.w;
  radius = max(min(9.0, ${(GLYPH / 2).toFixed(3)} * unit * 1.05), min(6.5, unit * 0.6)) * ratio;
  place = corner * (radius + 2.0);
  ink = tint;
  kind = look;
  gl_Position = vec4(here.xy / here.w + place / (size * 0.5), 1.0 + (here.z - here.w) / max(here.w - 0.3, 0.01), 1.0);
}`;

const FRAGMENT = /* glsl */ `
precision highp float;
in vec2 place;
in float radius;
flat in vec4 ink;
flat in vec3 kind;
uniform vec3 background, accent;
uniform float ratio, wave;
out vec4 colour;
float bar(vec2 p, vec2 half0) {
  vec2 d = abs(p) - half0;
  return length(max(d, 0.0)) + min(max(d.x, d.y), 0.0);
}
void main() {
  float far = length(place), wide = (kind.y > 0.5 ? 2.2 : 1.5) * ratio, pen = 0.8 * ratio, arm = radius * 0.46;
  float disc = clamp(radius - far + 0.5, 0.0, 1.0);
  float ring = clamp(wide * 0.5 + 0.5 - abs(far - radius + wide * 0.5), 0.0, 1.0);
  vec2 p = place;
  float sign0 = 1e3;
  int sort = int(kind.x + 0.5);
  if (sort == 2) p = vec2(p.x - p.y, p.x + p.y) * 0.70711;
  if (sort == 0 || sort == 2) sign0 = min(bar(p, vec2(arm, pen)), bar(p, vec2(pen, arm)));
  if (sort == 1) sign0 = min(bar(p - vec2(radius * 0.22, 0.0), vec2(pen, arm)), bar(p + vec2(radius * 0.22, 0.0), vec2(pen, arm)));
  if (sort == 3) sign0 = bar(p, vec2(arm, pen));
  if (sort == 4) sign0 = length(p) - radius * 0.22;
  float mark = max(ring, radius > 3.5 * ratio ? clamp(0.5 - sign0, 0.0, 1.0) : 0.0);
  if (disc < 0.01) discard;
  float passed = wave - kind.z;
  vec3 pen0 = passed < 0.0 ? mix(background, ink.rgb, 0.3) : mix(ink.rgb, accent, 1.0 - smoothstep(0.25, 0.8, passed));
  colour = vec4(mix(background, pen0, mark), disc * ink.a);
}`;

/** What a merge does, as the sign in its disc: + add, two bars concatenate, × multiply, − subtract, dot anything else. */
export function signOf(className: string): number {
  const name = className.toLowerCase();
  if (name.includes("concat")) return 1;
  if (name.includes("mul")) return 2;
  if (name.includes("sub")) return 3;
  return name.includes("add") ? 0 : 4;
}

export interface Disc {
  readonly point: Point;
  readonly colour: RGB;
  readonly sign: number;
  /** Whether it is hovered or selected. */
  readonly strong: boolean;
  /** When the forward pass comes to it. */
  readonly when: number;
}

export class Discs {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;

  constructor(uniforms: Record<string, { value: unknown }>) {
    const material = new RawShaderMaterial({
      glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, transparent: true, depthWrite: false,
      uniforms: { ...uniforms, size: { value: new Vector2(1, 1) }, ratio: { value: 1 }, focal: { value: 1 } },
    });
    this.mesh = new Mesh(new BufferGeometry(), material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 3;
  }

  set(discs: readonly Disc[]): void {
    this.mesh.geometry.dispose();
    const geometry = new BufferGeometry();
    const fill = (size: number, of: (disc: Disc, corner: number) => readonly number[]): BufferAttribute =>
      new BufferAttribute(new Float32Array(discs.flatMap((disc) => [0, 1, 2, 3].flatMap((corner) => of(disc, corner)))), size);
    geometry.setAttribute("position", fill(3, ({ point }) => [point.x, point.y, point.z]));
    geometry.setAttribute("corner", fill(2, (_disc, corner) => [corner % 2 ? 1 : -1, corner < 2 ? 1 : -1]));
    geometry.setAttribute("tint", fill(4, ({ colour }) => [...colour.map((part) => part / 255), 1]));
    geometry.setAttribute("look", fill(3, ({ sign, strong, when }) => [sign, strong ? 1 : 0, when]));
    geometry.setIndex(discs.flatMap((_disc, i) => [0, 2, 1, 1, 2, 3].map((corner) => corner + i * 4)));
    this.mesh.geometry = geometry;
    this.mesh.visible = discs.length > 0;
  }

  resize(width: number, height: number, ratio: number, focal: number): void {
    const { size, ratio: scale, focal: length } = this.mesh.material.uniforms;
    (size?.value as Vector2).set(width * ratio, height * ratio);
    if (scale) scale.value = ratio;
    if (length) length.value = focal;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
