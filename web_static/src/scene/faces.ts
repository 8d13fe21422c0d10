// Boxes as triangles. All closed boxes are one mesh; an open layer's face is a quad with textures of its own.

import { BufferAttribute, BufferGeometry, GLSL3, Mesh, RawShaderMaterial, type DataTexture, type IUniform } from "three";
import type { Pose } from "../layout/types";
import { FRAGMENT, PARAM_TEXELS, SIDE, VERTEX } from "./faceshader";
import { writeFade, writeParams, type Paint } from "./params";
import { corners } from "./solid";
import { bytesTexture, colourTexture, floatsTexture, quantsTexture } from "./texels";

export type Shared = Record<"scene" | "maps" | "background" | "gap" | "paper" | "ink" | "accent" | "dark" | "fine" | "wave", IUniform>;

/** Sheets of a deck that have colours of their own. */
export const SHEETS_WIDE = 32;

// Corners of each side (see `corners`) and where they lie on it: along the face or from front to back, and down.
const SIDES: readonly (readonly [number, readonly (readonly [number, number, number])[]])[] = [
  [SIDE.front, [[0, 0, 0], [1, 1, 0], [2, 0, 1], [3, 1, 1]]],
  [SIDE.right, [[1, 0, 0], [5, 1, 0], [3, 0, 1], [7, 1, 1]]],
  [SIDE.top, [[4, 1, 0], [5, 1, 1], [0, 0, 0], [1, 0, 1]]],
  [SIDE.right, [[4, 1, 0], [0, 0, 0], [6, 1, 1], [2, 0, 1]]],
  [SIDE.rest, [[5, 0, 0], [4, 1, 0], [7, 0, 1], [6, 1, 1]]],
  [SIDE.rest, [[2, 0, 0], [3, 1, 0], [6, 0, 1], [7, 1, 1]]],
];

export class Faces {
  readonly mesh: Mesh<BufferGeometry, RawShaderMaterial>;
  #params = new Float32Array(PARAM_TEXELS * 4);
  #paramTexture: DataTexture | null = null;
  readonly #sides: typeof SIDES;

  /** `whole` boxes, or only their fronts; `curves` where some of them show sequences, which cost a longer shader. */
  constructor(shared: Shared, whole: boolean, readonly curves: boolean) {
    this.#sides = whole ? SIDES : SIDES.slice(0, 1);
    const own = { params: { value: null }, codes: { value: null }, quants: { value: null }, sheets: { value: null } };
    const material = new RawShaderMaterial({ glslVersion: GLSL3, vertexShader: VERTEX, fragmentShader: FRAGMENT, defines: this.#defines(false), uniforms: { ...shared, ...own } });
    this.mesh = new Mesh(new BufferGeometry(), material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 1;
  }

  /** The bytes that faces are drawn from, and the pairs of scale and zero that they refer to. */
  data(codes: Uint8Array<ArrayBuffer>, quants: Float32Array<ArrayBuffer>): void {
    this.#swap("codes", bytesTexture(codes));
    this.#swap("quants", quantsTexture(quants));
  }

  paint(paints: readonly Paint[], sheets: Uint8Array<ArrayBuffer>): void {
    const size = Math.max(1, paints.length) * PARAM_TEXELS * 4;
    const count = this.#sides.length * 4 * paints.length;
    if (this.#params.length !== size || !this.#paramTexture) {
      this.#params = new Float32Array(size);
      this.#paramTexture = floatsTexture(this.#params, PARAM_TEXELS);
      this.#swap("params", this.#paramTexture);
    }
    paints.forEach((paint, row) => writeParams(this.#params, row, paint));
    this.#paramTexture.needsUpdate = true;
    this.#swap("sheets", colourTexture(sheets, SHEETS_WIDE));
    if ((this.mesh.geometry.getAttribute("position") as BufferAttribute | undefined)?.count !== count) this.#shape(paints.length);
  }

  #shape(boxes: number): void {
    this.mesh.geometry.dispose();
    const geometry = new BufferGeometry();
    const count = this.#sides.length * 4 * boxes;
    const [place, which, index] = [new Float32Array(count * 2), new Float32Array(count * 2), new Uint32Array((count / 4) * 6)];
    let vertex = 0;
    for (let box = 0; box < boxes; box++) {
      for (const [side, around] of this.#sides) {
        index.set([0, 2, 1, 1, 2, 3].map((corner) => corner + vertex), (vertex / 4) * 6);
        for (const [, u, v] of around) {
          place.set([u, v], vertex * 2);
          which.set([box, side], vertex * 2);
          vertex++;
        }
      }
    }
    geometry.setAttribute("position", new BufferAttribute(new Float32Array(count * 3), 3));
    geometry.setAttribute("place", new BufferAttribute(place, 2));
    geometry.setAttribute("which", new BufferAttribute(which, 2));
    geometry.setIndex(new BufferAttribute(index, 1));
    this.mesh.geometry = geometry;
  }

  /** Where each box stands now. `hidden` fronts are drawn elsewhere. */
  move(poses: readonly Pose[], hidden: (box: number) => boolean): void {
    const attribute = this.mesh.geometry.getAttribute("position") as BufferAttribute | undefined;
    if (!attribute) return;
    const array = attribute.array as Float32Array;
    let vertex = 0;
    poses.forEach((pose, box) => {
      const points = corners(pose);
      this.#sides.forEach(([, around], side) => {
        const skip = pose.fade >= 1 || (side === 0 && hidden(box));
        for (const [corner] of around) {
          const point = points[skip ? 0 : corner];
          if (point) array.set([point.x, point.y, point.z], vertex * 3);
          vertex++;
        }
      });
      writeFade(this.#params, box, Math.min(1, pose.fade));
    });
    attribute.needsUpdate = true;
    if (this.#paramTexture) this.#paramTexture.needsUpdate = true;
    this.mesh.visible = poses.length > 0;
  }

  #defines(heat: boolean): Record<string, number> {
    return { ...(heat ? { HEAT: 1 } : {}), ...(this.curves ? { CURVES: 1 } : {}) };
  }

  /** Heat maps have a program of their own, so that pictures without them don't pay for them. */
  heat(on: boolean): void {
    const { material } = this.mesh;
    if (on === ("HEAT" in material.defines)) return;
    material.defines = this.#defines(on);
    material.needsUpdate = true;
  }

  #swap(name: string, texture: DataTexture): void {
    const uniform = this.mesh.material.uniforms[name];
    if (!uniform) return;
    (uniform.value as DataTexture | null)?.dispose();
    uniform.value = texture;
  }

  dispose(): void {
    for (const name of ["params", "codes", "quants", "sheets"]) (this.mesh.material.uniforms[name]?.value as DataTexture | null)?.dispose();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
