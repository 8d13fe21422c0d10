import { describe, expect, it } from "vitest";
import { decode, type Tensor } from "../bundle/tensor";
import { lookup, table } from "../colour/maps";
import { strongest } from "./heat/weights";
import { blend, resize, type Prepared } from "./heatpicture";
import { ceiling } from "./histogram";
import { rgbTile } from "./inspector/kernels";
import { sortChannels } from "./inspector/order";
import { planeOf, pictureRgba } from "./picture";
import { channelFacts, channelRange } from "./ranges";

function floats(shape: readonly number[], values: readonly number[]): Tensor {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return decode({ blob: "a", offset: 0, dtype: "float32", shape, quant: null, source: null, clamp: null }, bytes);
}

describe("planes", () => {
  it("finds the picture of a channel in each form", () => {
    expect(planeOf([8, 5, 7], 2)).toEqual({ start: 70, width: 7, height: 5 });
    expect(planeOf([8, 9], 3)).toEqual({ start: 27, width: 9, height: 1 });
    expect(planeOf([8], 3)).toEqual({ start: 3, width: 1, height: 1 });
    expect(planeOf([2, 5, 3, 4], 1)).toEqual({ start: 60 + 24, width: 4, height: 3 });
  });

  it("turns grey and colour pictures to pixels", () => {
    const ref = { blob: "a", offset: 0, dtype: "uint8", quant: null, source: null, clamp: null } as const;
    expect([...pictureRgba(decode({ ...ref, shape: [1, 2, 1] }, Uint8Array.of(5, 9))).pixels]).toEqual([5, 5, 5, 255, 9, 9, 9, 255]);
    expect([...pictureRgba(decode({ ...ref, shape: [1, 1, 3] }, Uint8Array.of(1, 2, 3))).pixels]).toEqual([1, 2, 3, 255]);
  });
});

describe("channels", () => {
  const tensor = floats([3, 2, 2], [0, 0, 1, 3, -5, 1, 0, 0, NaN, NaN, NaN, NaN]);

  it("are summed up over their finite values", () => {
    expect(channelFacts(tensor, 0)).toEqual({ channel: 0, mean: 1, min: 0, max: 3, zeros: 0.5 });
    expect(channelFacts(tensor, 2)).toEqual({ channel: 2, mean: NaN, min: NaN, max: NaN, zeros: 0 });
    expect(channelRange(tensor, 1)).toEqual({ low: -5, high: 5 });
  });

  it("are sorted with the largest first, those without numbers last", () => {
    const facts = [0, 1, 2].map((channel) => channelFacts(tensor, channel));
    expect(sortChannels(facts, "mean").map((f) => f.channel)).toEqual([0, 1, 2]);
    expect(sortChannels([...facts].reverse(), "index").map((f) => f.channel)).toEqual([0, 1, 2]);
    expect(sortChannels(facts, "max").map((f) => f.channel)).toEqual([0, 1, 2]);
    expect(sortChannels(facts, "mean", true).map((f) => f.channel)).toEqual([1, 0, 2]);
    const rows = facts.map((f) => ({ ...f, relevance: [0.1, 5, NaN][f.channel] ?? NaN }));
    expect(sortChannels(rows, "relevance").map((f) => f.channel)).toEqual([1, 0, 2]);
  });
});

describe("heat", () => {
  it("is laid on with half-pixel centres: the middle cell stays in the middle", () => {
    const values = resize([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3], [30, 30]);
    const row = [...values.slice(14 * 30, 15 * 30)];
    expect(row.indexOf(Math.max(...row))).toBe(14);
    expect(row[14]).toBeCloseTo(row[15] ?? 0, 6);
    // By hand: the centre of pixel 20 lies at 20.5 / 30 * 3 - 0.5 = 1.55 cells.
    expect(resize([0, 1, 0], [3, 1], [30, 1])[20]).toBeCloseTo(1 - 0.55, 6);
  });

  it("leaves the picture grey and dim where nothing speaks for the class, and burns where much does", () => {
    const one = (colour: readonly number[], heat: number): Prepared => ({ width: 1, height: 1, base: Float32Array.from(colour), heat: Float32Array.of(heat) });
    // The usual opacity is as strong as the scene's.
    expect(blend(one([0, 0, 0], 1), 0.8, "dark")[0]).toBe(Math.round((table("heat", "dark")[255 * 4] ?? 0) * 0.92 * 0.72));
    const cold = blend(one([200, 100, 100], 0), 1, "dark").slice(0, 3);
    expect(Math.max(...cold) - Math.min(...cold)).toBeLessThan(20);
    const hot = blend(one([200, 200, 200], 0.6), 1, "dark");
    const warm = lookup("heat", "dark", 0.6);
    expect((hot[0] ?? 0) - (hot[2] ?? 0)).toBeGreaterThan((warm[0] - warm[2]) * 0.8);
    expect(blend(one([200, 200, 200], 1), 0, "dark")).toEqual(blend(one([200, 200, 200], 0), 0, "dark"));
    expect([...blend({ ...one([200, 100, 50], 1), heat: null }, 1, "dark")]).toEqual([200, 100, 50, 255]);
  });

  it("names the channels that add most, not those with large weights on empty maps", () => {
    const activity = [0, 10, 1];
    expect(strongest(Float32Array.of(9, 1, -2), (channel) => activity[channel] ?? 0, 2).map((item) => item.channel)).toEqual([1, 2]);
  });
});

it("shows a first conv's kernel in its own colours around grey", () => {
  // One filter over red, green, blue of 1×2 pixels: red on the left, anti-blue on the right.
  const { pixels } = rgbTile(floats([1, 3, 1, 2], [2, 0, 0, 0, 0, -2]), 0);
  expect([...pixels]).toEqual([255, 128, 128, 255, 128, 128, 0, 255]);
});

it("cuts only a bar that towers over the others", () => {
  expect(ceiling([5, 4, 3])).toBe(5);
  expect(ceiling([100, 10, 3])).toBe(16);
  expect(ceiling([100, 0, 0])).toBe(100);
});
