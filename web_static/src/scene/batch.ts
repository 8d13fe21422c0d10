// Opened layers whose bytes lie in one texture, so that one draw shows them all.

import { NAN_CODE, NEGATIVE_INFINITY_CODE, POSITIVE_INFINITY_CODE, type Tensor } from "../bundle/tensor";
import type { Grid } from "../forms/form";
import { at } from "../layout/list";
import type { ViewNode } from "../layout/fold";
import type { Pose } from "../layout/types";
import { Faces, SHEETS_WIDE, type Shared } from "./faces";
import type { Paint } from "./params";

/** Bytes of codes, and pairs of scale and zero, that a batch holds at most: to hand over more at once would hold up the page. */
const MOST = { codes: 2 ** 22, pairs: 2 ** 20 };
/** A pose that nothing is seen of. */
const GONE: Pose = { x: 0, y: 0, z: 0, width: 0, height: 0, depth: 0, turn: 0, fade: 1 };

export interface Opened {
  readonly node: ViewNode;
  readonly sample: number;
  readonly tensor: Tensor;
  readonly reduced: boolean;
  /** The shape before reduction. */
  readonly source: readonly number[] | null;
  /** Codes, behind them the mask. */
  readonly codes: Uint8Array;
  /** Scale and zero in turn. */
  readonly pairs: Float32Array;
  grid: Grid;
}

/** Where a layer's bytes begin in its batch. */
export interface Begin {
  readonly codes: number;
  readonly pairs: number;
}

function joined(codes: Uint8Array, mask: Uint8Array | null): Uint8Array {
  if (!mask) return codes;
  const all = new Uint8Array(codes.length + mask.length);
  all.set(codes);
  all.set(mask, codes.length);
  return all;
}

/** The bytes of any tensor: a float value becomes code 1 of a scale of its own. */
export function bytesOf(tensor: Tensor, mask: Uint8Array | null): Pick<Opened, "codes" | "pairs"> {
  const { codes, values, scale, zero } = tensor;
  if (values) {
    const codeOf = (value: number): number =>
      Number.isNaN(value) ? NAN_CODE : value === Infinity ? POSITIVE_INFINITY_CODE : value === -Infinity ? NEGATIVE_INFINITY_CODE : 1;
    const pairs = new Float32Array(values.length * 2);
    values.forEach((value, i) => (pairs[i * 2] = Number.isFinite(value) ? value : 0));
    return { codes: joined(Uint8Array.from(values, codeOf), mask), pairs };
  }
  const pairs = new Float32Array((scale?.length ?? 0) * 2);
  scale?.forEach((value, i) => pairs.set([value, zero?.[i] ?? 0], i * 2));
  return { codes: joined(codes ?? new Uint8Array(), mask), pairs };
}

/** Layers in as few groups as hold them; what is too large for any has one of its own. */
export function packed(layers: readonly Opened[]): Opened[][] {
  const groups: Opened[][] = [];
  let [codes, pairs] = [Infinity, Infinity];
  for (const layer of layers) {
    codes += layer.codes.length;
    pairs += layer.pairs.length / 2;
    if (codes <= MOST.codes && pairs <= MOST.pairs) groups[groups.length - 1]?.push(layer);
    else {
      groups.push([layer]);
      [codes, pairs] = [layer.codes.length, layer.pairs.length / 2];
    }
  }
  return groups;
}

export class Batch {
  readonly faces: Faces;
  readonly #begins: Begin[] = [];

  constructor(shared: Shared, readonly layers: readonly Opened[], curves: boolean) {
    let [codes, pairs] = [0, 0];
    for (const layer of layers) {
      this.#begins.push({ codes, pairs: pairs / 2 });
      codes += layer.codes.length;
      pairs += layer.pairs.length;
    }
    const all = { codes: new Uint8Array(codes), pairs: new Float32Array(pairs) };
    layers.forEach((layer, i) => {
      const begin = at(this.#begins, i);
      all.codes.set(layer.codes, begin.codes);
      all.pairs.set(layer.pairs, begin.pairs * 2);
    });
    this.faces = new Faces(shared, false, curves);
    this.faces.data(all.codes, all.pairs);
  }

  holds(layers: readonly Opened[]): boolean {
    return layers.length === this.layers.length && layers.every((layer, i) => layer === this.layers[i]);
  }

  paint(paintOf: (layer: Opened, begin: Begin) => Paint): void {
    const paints = this.layers.map((layer, i) => paintOf(layer, at(this.#begins, i)));
    this.faces.paint(paints, new Uint8Array(SHEETS_WIDE * 4 * paints.length));
  }

  move(poseOf: (id: string) => Pose | undefined): void {
    this.faces.move(this.layers.map(({ node }) => poseOf(node.id) ?? GONE), () => false);
  }

  dispose(): void {
    this.faces.dispose();
  }
}
