import { describe, expect, it } from "vitest";
import type { Tensor } from "../bundle/tensor";
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
