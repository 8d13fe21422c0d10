// A layer's kernels as a picture for its face: a tile a filter, or one sheet for what is no picture.

import type { NodeInfo, Weight } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { LAST_CODE, NAN_CODE, valueOf, type Tensor } from "../bundle/tensor";
import { at } from "../layout/list";

/** Maps one after the other, as codes of which the middle one is zero. */
export interface Plate {
  readonly maps: number;
  readonly height: number;
  readonly width: number;
  readonly codes: Uint8Array;
  /** The weight that the last code stands for; the first one stands for its negative. */
  readonly most: number;
  /** For a first convolution over three colours the tiles as RGB bytes. */
  readonly rgb: Uint8Array | null;
}

/** Longest side of a sheet of weights. */
const SHEET = 96;
const MIDDLE = LAST_CODE / 2;

/** The weight of a layer that says what it looks for; undefined where it has none. */
export function kernelOf({ weights }: Pick<NodeInfo, "weights">): Weight | undefined {
  return weights.find(({ name, tensor }) => tensor !== null && tensor.shape.length >= 2 && /kernel|embeddings/.test(name));
}

/** Of the layers that a box stands for, the kernel to show: the first of those that see most at once. */
function kernelAmong(nodes: readonly Pick<NodeInfo, "weights">[]): Weight | undefined {
  let best: Weight | undefined;
  const seen = (weight: Weight | undefined): number => (weight?.tensor?.shape ?? []).slice(2).reduce((product, side) => product * side, weight ? 1 : 0);
  for (const node of nodes) {
    const weight = kernelOf(node);
    if (seen(weight) > seen(best)) best = weight;
  }
  return best;
}

/** The kernel that a box shows. */
export function weightOf(report: Report, members: readonly string[]): Weight | undefined {
  return kernelAmong(members.flatMap((id) => report.node(id) ?? []));
}

function read({ values, codes, scale, zero, shape }: Tensor): (i: number) => number {
  if (values) return (i) => values[i] ?? NaN;
  const inner = shape.slice(1).reduce((product, side) => product * side, 1);
  return (i) => {
    const first = Math.floor(i / inner);
    return scale ? valueOf(codes?.[i] ?? NAN_CODE, scale[first] ?? 0, zero?.[first] ?? 0) : (codes?.[i] ?? NaN);
  };
}

/** Rows by columns, each cell the strongest value of its area where there are too many. */
function sheet(rows: number, columns: number, value: (row: number, column: number) => number): { height: number; width: number; cells: Float32Array } {
  const [height, width] = [Math.min(SHEET, rows), Math.min(SHEET, columns)];
  const cells = new Float32Array(height * width);
  for (let row = 0; row < rows; row++) {
    const y = Math.floor((row * height) / rows);
    for (let column = 0; column < columns; column++) {
      const place = y * width + Math.floor((column * width) / columns);
      const one = value(row, column);
      if (Number.isNaN(one) || Math.abs(one) > Math.abs(cells[place] ?? 0)) cells[place] = one;
    }
  }
  return { height, width, cells };
}

/** The input channel that a filter weighs most. */
function strongest(value: (i: number) => number, first: number, inputs: number, size: number): number {
  let [best, most] = [0, -1];
  for (let input = 0; input < inputs; input++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += Math.abs(value(first + input * size + i));
    if (sum > most) [best, most] = [input, sum];
  }
  return best;
}

/** Kernels (out, in, places…) are a tile a filter, of the input channel that it weighs most; what has no places is a sheet. */
export function plateOf(weight: Weight, tensor: Tensor): Plate {
  const value = read(tensor);
  const [filters = 1, inputs = 1, ...places] = tensor.shape;
  const size = places.reduce((product, side) => product * side, 1);
  const most = Math.max(Math.abs(weight.summary.min ?? 0), Math.abs(weight.summary.max ?? 0)) || 1;
  const coded = (cells: ArrayLike<number>): Uint8Array =>
    Uint8Array.from(cells, (one) => (Number.isNaN(one) ? NAN_CODE : Math.round(MIDDLE + (Math.max(-most, Math.min(most, one)) / most) * MIDDLE)));
  if (size === 1) {
    const { height, width, cells } = sheet(filters, inputs, (row, column) => value(row * inputs + column));
    return { maps: 1, height, width, codes: coded(cells), most, rgb: null };
  }
  const cells = new Float32Array(filters * size);
  for (let filter = 0; filter < filters; filter++) {
    const first = filter * inputs * size;
    const from = first + strongest(value, first, inputs, size) * size;
    for (let i = 0; i < size; i++) cells[filter * size + i] = value(from + i);
  }
  if (places.length === 1) return { maps: 1, height: filters, width: size, codes: coded(cells), most, rgb: null };
  const width = at(places, places.length - 1);
  const rgb = weight.rgb && inputs === 3 ? trueColours(value, filters, size) : null;
  return { maps: filters, height: size / width, width, codes: coded(cells), most, rgb };
}

/** Pictures (K, h, w, 1|3) of 8-bit pixels as tiles in their own colours. */
export function sheetOf({ shape, codes }: Tensor): Plate {
  const [maps = 0, height = 1, width = 1, depth = 1] = shape;
  const size = maps * height * width;
  const rgb = new Uint8Array(size * 3);
  for (let i = 0; i < size * 3; i++) rgb[i] = codes?.[depth === 1 ? Math.floor(i / 3) : Math.floor(i / 3) * depth + (i % 3)] ?? 0;
  return { maps, height, width, codes: new Uint8Array(), most: 1, rgb };
}

/** Zero is mid grey, a filter's strongest weight full colour. */
function trueColours(value: (i: number) => number, filters: number, size: number): Uint8Array {
  const made = new Uint8Array(filters * size * 3);
  for (let filter = 0; filter < filters; filter++) {
    const from = filter * 3 * size;
    let most = 1e-30;
    for (let i = 0; i < 3 * size; i++) most = Math.max(most, Math.abs(value(from + i)));
    for (let i = 0; i < size; i++) for (let c = 0; c < 3; c++) made[from + i * 3 + c] = Math.round(127.5 + (127.5 * value(from + c * size + i)) / most);
  }
  return made;
}

/** RGB tiles as one picture, a pixel of `gap` between them. */
export function mosaicOf({ rgb, maps, height, width }: Plate, columns: number, gap: readonly number[]): { height: number; width: number; pixels: Uint8Array } {
  const [tall, wide] = [Math.ceil(maps / columns) * (height + 1) - 1, columns * (width + 1) - 1];
  const pixels = new Uint8Array(tall * wide * 3);
  for (let i = 0; i < tall * wide; i++) pixels.set(gap, i * 3);
  for (let map = 0; map < maps; map++) {
    const [left, top] = [(map % columns) * (width + 1), Math.floor(map / columns) * (height + 1)];
    for (let y = 0; y < height; y++) {
      const row = (map * height + y) * width * 3;
      pixels.set(rgb?.subarray(row, row + width * 3) ?? [], ((top + y) * wide + left) * 3);
    }
  }
  return { height: tall, width: wide, pixels };
}
