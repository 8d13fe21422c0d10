// The background: a soft glow, dithered so that its few shades show no steps.

import { BufferAttribute, BufferGeometry, GLSL3, Mesh, RawShaderMaterial, type IUniform } from "three";

const VERTEX = /* glsl */ `
in vec3 position;
out vec2 place;
void main() {
  place = position.xy * 0.5 + 0.5;
  gl_Position = vec4(position.xy, 1.0, 1.0);
}`;

// An ellipse of 70 by 65 % around 60 % 42 % from the upper left.
const FRAGMENT = /* glsl */ `
precision highp float;
in vec2 place;
uniform vec3 background, glow;
out vec4 colour;
void main() {
  float far = length((vec2(place.x, 1.0 - place.y) - vec2(0.6, 0.42)) / vec2(0.7, 0.65));
  float noise = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715)))) - 0.5;
  colour = vec4(mix(glow, background, clamp(far, 0.0, 1.0)) + noise / 255.0, 1.0);
}`;

export class Backdrop {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;

  constructor(uniforms: Record<"background" | "glow", IUniform>) {
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(new Float32Array([-1, -1, 0, 3, -1, 0, -1, 3, 0]), 3));
    const material = new RawShaderMaterial({ glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms, depthTest: false, depthWrite: false });
    this.mesh = new Mesh(geometry, material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 0;
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

