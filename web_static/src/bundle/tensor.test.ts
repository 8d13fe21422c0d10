import { describe, expect, it } from "vitest";
import type { TensorRef } from "./manifest.gen";
import { decode, TensorError } from "./tensor";

const base: TensorRef = { blob: "a", offset: 0, dtype: "uint8", shape: [2, 1, 3], quant: null, source: null, clamp: null };

/** Codes at 3, so that the floats behind them are not aligned by themselves. */
function packed(codes: readonly number[], scale: readonly number[], zero: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(16 + 4 * (scale.length + zero.length));
  bytes.set(codes, 3);
  const view = new DataView(bytes.buffer);
  [...scale, ...zero].forEach((value, i) => view.setFloat32(13 + 4 * i, value, true));
  return bytes;
}

describe("decode", () => {
  const ref = { ...base, offset: 3, quant: 13 };

  it("gives each channel its own scale and zero", () => {
    const tensor = decode(ref, packed([0, 1, 252, 0, 10, 252], [0.5, 2], [-1, 100]));
    expect([tensor.at(0, 0, 0), tensor.at(0, 0, 1), tensor.at(0, 0, 2)]).toEqual([-1, -0.5, 125]);
    expect([tensor.at(1, 0, 0), tensor.at(1, 0, 1), tensor.at(1, 0, 2)]).toEqual([100, 120, 604]);
  });

  it("gives back NaN and infinities", () => {
    const tensor = decode(ref, packed([253, 254, 255, 0, 0, 0], [1, 1], [0, 0]));
    expect([tensor.at(0, 0, 0), tensor.at(0, 0, 1), tensor.at(0, 0, 2)]).toEqual([NaN, Infinity, -Infinity]);
  });

  it("cuts values where a ReLU shares another layer's codes, and lets infinity pass an open bound", () => {
    const tensor = decode({ ...ref, clamp: [0, 3.4e38] }, packed([0, 200, 253, 254, 255, 0], [1, 1], [-100, -100]));
    expect([tensor.at(0, 0, 0), tensor.at(0, 0, 1), tensor.at(0, 0, 2), tensor.at(1, 0, 0), tensor.at(1, 0, 1)]).toEqual([0, 100, NaN, Infinity, 0]);
  });

  it("looks at the blob's own bytes", () => {
    const bytes = packed([1, 2, 3, 4, 5, 6], [1, 1], [0, 0]);
    expect(decode(ref, bytes).codes?.buffer).toBe(bytes.buffer);
  });

  it("reads plain floats, also where they are not aligned", () => {
    const bytes = new Uint8Array(13);
    new DataView(bytes.buffer).setFloat32(1, 1.5, true);
    new DataView(bytes.buffer).setFloat32(5, -2.5, true);
    const tensor = decode({ ...base, offset: 1, dtype: "float32", shape: [2] }, bytes);
    expect([tensor.at(0), tensor.at(1)]).toEqual([1.5, -2.5]);
  });

  it("refuses a blob that is too short", () => {
    expect(() => decode(ref, new Uint8Array(5))).toThrow(TensorError);
    expect(() => decode({ ...ref, dtype: "float32" }, new Uint8Array(20))).toThrow(/should hold 6 floats/);
  });
});
