import { expect, it } from "vitest";
import { decode } from "../bundle/tensor";
import { fileName } from "./download";
import { channelsTo, npy } from "./npy";
import { valuesOf } from "./picture";
import { csv, json } from "./tables";

it("writes .npy as NumPy reads it", () => {
  const bytes = npy([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6.5));
  const length = new DataView(bytes.buffer).getUint16(8, true);
  const head = new TextDecoder("latin1").decode(bytes.subarray(10, 10 + length));
  expect([...bytes.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  expect((10 + length) % 64).toBe(0);
  expect(head.trimEnd()).toBe("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  expect(head.endsWith("\n")).toBe(true);
  expect([...new Float32Array(bytes.slice(10 + length).buffer)]).toEqual([1, 2, 3, 4, 5, 6.5]);
  expect(new TextDecoder("latin1").decode(npy([4], new Float32Array(4)))).toContain("'shape': (4,)");
});

it("puts channels where the model has them", () => {
  const stored = Float32Array.of(0, 1, 2, 3, 10, 11, 12, 13);
  expect(channelsTo(2, [2, 2, 2], stored)).toEqual({ shape: [2, 2, 2], values: Float32Array.of(0, 10, 1, 11, 2, 12, 3, 13) });
  expect(channelsTo(0, [2, 2, 2], stored)).toEqual({ shape: [2, 2, 2], values: stored });
});

it("gives the values of all channels", () => {
  const bytes = new Uint8Array(24);
  bytes.set([1, 2, 253, 100]);
  [1, 0.5, -10, 3].forEach((value, i) => new DataView(bytes.buffer).setFloat32(8 + 4 * i, value, true));
  const ref = { blob: "a", offset: 0, dtype: "uint8", shape: [2, 2], quant: 8, source: null, clamp: [0, 3.4e38] } as const;
  expect([...valuesOf(decode(ref, bytes))]).toEqual([0, 0, NaN, 53]);
});

it("writes CSV that is safe in a spreadsheet, and exact numbers", () => {
  const text = csv([["name", '=HYPERLINK("x")'], ["min", -1.25], ["note", 'a, "b"\nc'], ["macs", null]]);
  expect(text).toBe('name,value\r\nname,"\'=HYPERLINK(""x"")"\r\nmin,-1.25\r\nnote,"a, ""b""\nc"\r\nmacs,\r\n');
  expect(JSON.parse(json([["min", 1e-9]]))).toEqual([{ name: "min", value: 1e-9 }]);
});

it("names files so that every system takes them", () => {
  expect(fileName("Model: <a/b>", "block_1/conv#2")).toBe("Model_a_b-block_1_conv_2");
  expect(fileName("../..")).toBe("tensorview");
});
