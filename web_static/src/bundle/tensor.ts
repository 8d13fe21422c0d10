// A tensor of the bundle: a view on the bytes of a blob, never a copy.

import type { TensorRef } from "./manifest.gen";

/** Codes above this stand for values that are no numbers. */
export const LAST_CODE = 252;
export const NAN_CODE = 253;
export const POSITIVE_INFINITY_CODE = 254;
export const NEGATIVE_INFINITY_CODE = 255;

export interface Tensor {
  /** Stored order, channels first; see TensorRef. */
  readonly shape: readonly number[];
  readonly codes: Uint8Array | null;
  readonly values: Float32Array | null;
  /** One scale and zero for each entry of the first axis, where the codes stand for values. */
  readonly scale: Float32Array | null;
  readonly zero: Float32Array | null;
  /** Where values are cut off after decoding: a ReLU shares the codes of the layer before it. Null cuts nothing. */
  readonly clamp: Clamp | null;
  /** The value at an index in stored order; NaN and infinities come back as such. */
  at(...index: number[]): number;
}

export interface Clamp {
  readonly low: number;
  readonly high: number;
}

/** Bounds from here on cut nothing, not even infinities: JSON has no infinity to say so. */
const UNBOUNDED = 3.4e38;

export class TensorError extends Error {
  override readonly name = "TensorError";
}

function floats(bytes: Uint8Array, offset: number, count: number): Float32Array {
  const start = bytes.byteOffset + offset;
  if (offset + 4 * count > bytes.byteLength) {
    throw new TensorError(`a blob should hold ${count} floats at ${offset}, but it ends at ${bytes.byteLength}`);
  }
  // Float32Array needs an aligned start; a blob that packs bytes before floats may not give one.
  return start % 4 === 0
    ? new Float32Array(bytes.buffer, start, count)
    : new Float32Array(bytes.slice(offset, offset + 4 * count).buffer);
}

export function size(shape: readonly number[]): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** What a code stands for. */
export function valueOf(code: number, scale: number, zero: number, clamp: Clamp | null = null): number {
  const value =
    code <= LAST_CODE ? zero + scale * code : code === NAN_CODE ? NaN : code === POSITIVE_INFINITY_CODE ? Infinity : -Infinity;
  return clamp ? Math.min(clamp.high, Math.max(clamp.low, value)) : value;
}

/** What a code stands for in one channel; the code itself where the tensor has no scale. */
export function codeValue({ scale, zero, clamp }: Tensor, channel: number, code: number): number {
  return scale && zero ? valueOf(code, scale[channel] ?? 0, zero[channel] ?? 0, clamp) : code;
}

/** What each of the 256 codes stands for in one channel. */
export function codeValues(tensor: Tensor, channel: number): Float64Array {
  const made = new Float64Array(256);
  for (let code = 0; code < 256; code++) made[code] = codeValue(tensor, channel, code);
  return made;
}

function clampOf(ref: TensorRef): Clamp | null {
  const [low, high] = ref.clamp ?? [];
  if (low === undefined || high === undefined) return null;
  return { low: low <= -UNBOUNDED ? -Infinity : low, high: high >= UNBOUNDED ? Infinity : high };
}

/** A view on a tensor in an inflated blob. Throws TensorError where the blob is too short for it. */
export function decode(ref: TensorRef, bytes: Uint8Array): Tensor {
  const { shape } = ref;
  const clamp = clampOf(ref);
  const count = size(shape);
  const channels = shape[0] ?? 1;
  const inner = channels > 0 ? count / channels : 0;
  const flat = (index: readonly number[]): number => {
    let position = 0;
    shape.forEach((side, axis) => (position = position * side + (index[axis] ?? 0)));
    return position;
  };
  if (ref.dtype === "float32") {
    const values = floats(bytes, ref.offset, count);
    const at = (...index: number[]): number => {
      const value = values[flat(index)] ?? NaN;
      return clamp ? Math.min(clamp.high, Math.max(clamp.low, value)) : value;
    };
    return { shape, codes: null, values, scale: null, zero: null, clamp, at };
  }
  if (ref.offset + count > bytes.byteLength) {
    throw new TensorError(`a blob should hold ${count} bytes at ${ref.offset}, but it ends at ${bytes.byteLength}`);
  }
  const codes = bytes.subarray(ref.offset, ref.offset + count);
  if (ref.quant === null) {
    return { shape, codes, values: null, scale: null, zero: null, clamp, at: (...index) => codes[flat(index)] ?? NaN };
  }
  const scale = floats(bytes, ref.quant, channels);
  const zero = floats(bytes, ref.quant + 4 * channels, channels);
  const at = (...index: number[]): number => {
    const position = flat(index);
    const channel = Math.floor(position / inner);
    return valueOf(codes[position] ?? NAN_CODE, scale[channel] ?? 0, zero[channel] ?? 0, clamp);
  };
  return { shape, codes, values: null, scale, zero, clamp, at };
}

/** Values worked out here as a tensor. */
export function floatTensor(shape: readonly number[], values: Float32Array): Tensor {
  const at = (...index: number[]): number => values[shape.reduce((position, side, axis) => position * side + (index[axis] ?? 0), 0)] ?? NaN;
  return { shape, codes: null, values, scale: null, zero: null, clamp: null, at };
}
