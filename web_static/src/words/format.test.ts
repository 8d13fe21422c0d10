import { expect, it } from "vitest";
import { cellText, countText, endText, percentText, shapeText, shareText, valueText } from "./format";

it("writes shapes", () => {
  expect([shapeText([28, 28, 6]), shapeText([null, 12]), shapeText([])]).toEqual(["28×28×6", "?×12", "scalar"]);
});

it("writes counts", () => {
  expect([0, 156, 2416, 61706, 999_949, 999_999, 4_694_024, 3.9e9].map(countText)).toEqual([
    "0", "156", "2,416", "61.7 k", "999.9 k", "1.00 M", "4.69 M", "3.90 G",
  ]);
});

it("writes values with about four digits", () => {
  expect([0, 2.2591, -15.789, 123.456, 12345, 0.0036, 0.00036, -2e7, NaN, Infinity, -Infinity].map(valueText)).toEqual([
    "0", "2.259", "-15.79", "123.5", "12,345", "0.004", "3.6e-4", "-2.0e+7", "NaN", "∞", "-∞",
  ]);
});

it("writes the ends of a scale shorter", () => {
  expect([0, 2.259, -10.23, 0.5, 0.0042, 15321].map(endText)).toEqual(["0", "2.3", "-10.2", "0.50", "0.004", "15,321"]);
});

it("does not round a chance to nothing, nor nearly all to all", () => {
  expect([0, 0.0004, 0.8994, 1].map(percentText)).toEqual(["0.0 %", "<0.1 %", "89.9 %", "100.0 %"]);
  expect([0, 0.004, 0.757, 0.996, 1].map(shareText)).toEqual(["0 %", "<1 %", "76 %", ">99 %", "100 %"]);
});

it("writes values for cells in few characters", () => {
  const values = [0, 2.2591, -15.789, 123.456, 0.0036, 0.00036, -2e7, -99999, NaN, -Infinity];
  expect(values.map(cellText)).toEqual(["0", "2.26", "−15.8", "123", "0.004", "4e−4", "−2e7", "−99999", "NaN", "−∞"]);
});
