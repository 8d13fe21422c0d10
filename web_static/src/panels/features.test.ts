import { describe, expect, it } from "vitest";
import type { Tensor } from "../bundle/tensor";
import { sheetOf } from "../forms/plates";
import { pictureAt } from "./inspector/features";

describe("pictures of a feature", () => {
  it("are cut out at their place, without a copy", () => {
    const codes = Uint8Array.from({ length: 2 * 3 * 2 * 2 }, (_, i) => i);
    const tensor: Tensor = { shape: [2, 3, 2, 2, 1], codes, values: null, scale: null, zero: null, clamp: null, at: () => NaN };
    const cut = pictureAt(tensor, 1, 2);
    expect(cut.shape).toEqual([2, 2, 1]);
    expect([...(cut.codes ?? [])]).toEqual([20, 21, 22, 23]);
    expect(cut.codes?.buffer).toBe(codes.buffer);
    expect([...(pictureAt(tensor, 0).codes ?? [])]).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });
});

describe("a sheet for a layer's face", () => {
  it("has grey pictures in three equal colours, and colours as they are", () => {
    const picture = (shape: number[], codes: number[]): Tensor => ({ shape, codes: Uint8Array.from(codes), values: null, scale: null, zero: null, clamp: null, at: () => NaN });
    expect([...(sheetOf(picture([2, 1, 1, 1], [7, 9])).rgb ?? [])]).toEqual([7, 7, 7, 9, 9, 9]);
    const colour = sheetOf(picture([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]));
    expect([colour.maps, colour.height, colour.width, ...(colour.rgb ?? [])]).toEqual([1, 1, 2, 1, 2, 3, 4, 5, 6]);
  });
});
