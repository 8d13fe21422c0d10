import { describe, expect, it } from "vitest";
import { bytesOf, packed, type Opened } from "./batch";
import type { Tensor } from "../bundle/tensor";

const layer = (codes: number, pairs = 1): Opened => ({ codes: new Uint8Array(codes), pairs: new Float32Array(pairs * 2) }) as unknown as Opened;
const M = 2 ** 20;

describe("packed", () => {
  it("puts many small layers into one batch and keeps their order", () => {
    const all = Array.from({ length: 50 }, (_, i) => layer(1000 + i));
    expect(packed(all)).toEqual([all]);
  });

  it("begins another batch where one is full, by codes or by pairs", () => {
    expect(packed([layer(2.5 * M), layer(1.25 * M), layer(0.5 * M)]).map((group) => group.length)).toEqual([2, 1]);
    expect(packed([layer(9, 0.75 * M), layer(9, 0.5 * M)]).map((group) => group.length)).toEqual([1, 1]);
  });

  it("gives what is too large for any a batch of its own", () => {
    expect(packed([layer(1), layer(20 * M), layer(1)]).map((group) => group.length)).toEqual([1, 1, 1]);
  });
});

describe("bytesOf", () => {
  it("keeps each float as the scale of a code of its own, and marks what is no number", () => {
    const tensor = { values: Float32Array.from([0.5, NaN, -Infinity, Infinity]), codes: null, scale: null, zero: null, shape: [4] } as unknown as Tensor;
    const { codes, pairs } = bytesOf(tensor, Uint8Array.from([1, 0]));
    expect([...codes]).toEqual([1, 253, 255, 254, 1, 0]);
    expect([...pairs].filter((_, i) => i % 2 === 0)).toEqual([0.5, 0, 0, 0]);
  });
});
