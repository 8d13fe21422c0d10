// The arithmetic of a Grad-CAM: maps times weights, added up.

import { floatTensor, type Tensor } from "../../bundle/tensor";
import { valuesOf } from "../picture";

/** Each channel's map times its weight, in the maps' own shape. */
export function weighted(maps: Tensor, weights: Float32Array): Tensor {
  const values = valuesOf(maps);
  const count = values.length / Math.max(1, weights.length);
  return floatTensor(maps.shape, values.map((value, i) => value * (weights[Math.floor(i / count)] ?? 0)));
}

/** The sum over channels, (1, space...). */
export function sumOf(maps: Tensor): Tensor {
  const [channels = 1, ...space] = maps.shape;
  const values = valuesOf(maps);
  const count = values.length / Math.max(1, channels);
  const sums = new Float64Array(count);
  values.forEach((value, i) => (sums[i % count] = (sums[i % count] ?? 0) + value));
  return floatTensor([1, ...space], Float32Array.from(sums));
}

export function relu(map: Tensor): Tensor {
  return floatTensor(map.shape, valuesOf(map).map((value) => Math.max(0, value)));
}

/** Largest value by size, 0 for an empty map. */
export function most(map: Tensor): number {
  return valuesOf(map).reduce((top, value) => Math.max(top, Math.abs(value) || 0), 0);
}

export function total(map: Tensor): number {
  return valuesOf(map).reduce((sum, value) => sum + value, 0);
}

/** The largest difference between two maps of one shape. */
export function apart(a: Tensor, b: Tensor): number {
  const other = valuesOf(b);
  return valuesOf(a).reduce((top, value, i) => Math.max(top, Math.abs(value - (other[i] ?? NaN))), 0);
}
