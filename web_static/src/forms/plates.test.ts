import { describe, expect, it } from "vitest";
import type { Summary, TensorRef, Weight } from "../bundle/manifest.gen";
import type { Tensor } from "../bundle/tensor";
import { layer } from "../layout/samples";
import { kernelOf, mosaicOf, plateOf } from "./plates";

const SUMMARY: Summary = { count: 1, min: -2, max: 1, mean: 0, std: 1, zeros: 0, nan: 0, inf: 0, histogram: [1] };

function ref(shape: readonly number[]): TensorRef {
  return { blob: "w", offset: 0, dtype: "float32", shape, quant: null, source: null, clamp: null };
}

function weight(shape: readonly number[], more: Partial<Weight> = {}): Weight {
  return { name: "kernel", shape, dtype: "float32", trainable: true, summary: SUMMARY, tensor: ref(shape), rgb: false, kept: null, ...more };
}

function tensor(shape: readonly number[], value: (i: number) => number): Tensor {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => value(i));
  return { shape, codes: null, values, scale: null, zero: null, clamp: null, at: () => NaN };
}

describe("kernels on faces", () => {
  it("are a tile a filter, of the input channel that it weighs most; the middle code is zero", () => {
    // Filter 0 weighs its input 1, filter 1 its input 0.
    const cells = [0, 0, 0, 0, -2, 1, 0, 0.5, 1, 1, 1, 1, 0, 0, 0, 0];
    const plate = plateOf(weight([2, 2, 2, 2]), tensor([2, 2, 2, 2], (i) => cells[i] ?? 0));
    expect(plate).toMatchObject({ maps: 2, height: 2, width: 2, most: 2, rgb: null });
    expect([...plate.codes]).toEqual([0, 189, 126, 158, 189, 189, 189, 189]);
  });

  it("are sheets where there is nothing to see in one: dense layers and convolutions of 1×1", () => {
    expect(plateOf(weight([3, 5]), tensor([3, 5], (i) => i / 8))).toMatchObject({ maps: 1, height: 3, width: 5 });
    expect(plateOf(weight([8, 4, 1, 1]), tensor([8, 4, 1, 1], () => 1))).toMatchObject({ maps: 1, height: 8, width: 4 });
    expect(plateOf(weight([6, 2, 9]), tensor([6, 2, 9], () => 1))).toMatchObject({ maps: 1, height: 6, width: 9 });
  });

  it("keep the strongest weight of each area of a large sheet, and NaN", () => {
    const plate = plateOf(weight([300, 200]), tensor([300, 200], (i) => (i === 40 * 200 + 60 ? -2 : i === 0 ? NaN : 0.001)));
    expect(plate.height * plate.width).toBe(96 * 96);
    expect(plate.codes[0]).toBe(253);
    expect(plate.codes.filter((code) => code === 0)).toHaveLength(1);
  });

  it("of a first convolution have their true colours", () => {
    const plate = plateOf(weight([1, 3, 1, 2], { rgb: true }), tensor([1, 3, 1, 2], (i) => [1, 0, 0, 0, -1, 0.5][i] ?? 0));
    expect([...(plate.rgb ?? [])]).toEqual([255, 128, 0, 128, 128, 191]);
    const { width, height, pixels } = mosaicOf({ ...plate, maps: 2, rgb: new Uint8Array(12).fill(9) }, 2, [1, 2, 3]);
    expect([width, height]).toEqual([5, 1]);
    expect([...pixels.slice(6, 9)]).toEqual([1, 2, 3]);
  });

  it("are found by name, and missing where a bundle left them out", () => {
    const node = layer("conv", "conv");
    expect(kernelOf({ ...node, weights: [weight([8], { name: "bias" }), weight([3, 3])] })?.shape).toEqual([3, 3]);
    expect(kernelOf({ ...node, weights: [weight([3, 3], { tensor: null })] })).toBeUndefined();
  });
});
