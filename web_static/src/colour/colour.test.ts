import { describe, expect, it } from "vitest";
import type { Summary } from "../bundle/manifest.gen";
import { lookup, STOPS } from "./maps";
import { toOklch } from "./oklch";
import { rgb, TOKENS } from "./tokens";
import { colourOf, layerRange } from "./value";

const summary = (values: readonly number[], bins = 32): Summary => {
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const histogram = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor(((value - min) / (max - min)) * bins));
    histogram[bin] = (histogram[bin] ?? 0) + 1;
  }
  const zeros = values.filter((value) => value === 0).length / values.length;
  return { count: values.length, min, max, mean: 0, std: 1, zeros, nan: 0, inf: 0, histogram };
};

describe("maps", () => {
  it("pass through their stops exactly", () => {
    for (const theme of ["dark", "light"] as const) {
      for (const name of ["sequential", "negative", "heat"] as const) {
        expect(lookup(name, theme, 0)).toEqual(rgb(STOPS[theme][name][0] ?? ""));
        expect(lookup(name, theme, 1)).toEqual(rgb(STOPS[theme][name][4] ?? ""));
      }
    }
  });

  it("change lightness in one direction only, so that more always looks like more", () => {
    for (const theme of ["dark", "light"] as const) {
      const light = Array.from({ length: 64 }, (_, i) => toOklch(lookup("sequential", theme, i / 63))[0]);
      const steps = light.slice(1).map((value, i) => (value - (light[i] ?? 0)) * (theme === "dark" ? 1 : -1));
      expect(Math.min(...steps)).toBeGreaterThan(-0.002);
    }
  });
});

describe("colourOf", () => {
  const range = { low: -2, high: 2 };

  it("shows zero as the background and both signs apart", () => {
    expect(colourOf(0, range, "dark")).toEqual(rgb("#121721"));
    expect(colourOf(2, range, "dark")).toEqual(rgb("#f4f9bf"));
    expect(colourOf(-2, range, "dark")).toEqual(rgb("#ffd5d4"));
    expect(colourOf(-9, range, "light")).toEqual(rgb("#491b56"));
  });

  it("is loud where a value is no number", () => {
    expect(colourOf(NaN, range, "dark")).toEqual([255, 0, 255]);
    expect(colourOf(-Infinity, range, "light")).toEqual([0, 255, 0]);
  });
});

describe("layerRange", () => {
  it("starts at zero for values that are never negative and is symmetric for others", () => {
    expect(layerRange(summary([0, 1, 2, 4]))).toEqual({ low: 0, high: 4 });
    expect(layerRange(summary([-1, 0, 3]))).toEqual({ low: -3, high: 3 });
  });

  it("does not let one spike darken a layer", () => {
    const values = Array.from({ length: 1000 }, (_, i) => (i % 100) / 100 + 0.01);
    const { high } = layerRange(summary([...values, 100]));
    expect(high).toBeLessThan(4);
  });

  it("keeps the one probability that matters", () => {
    expect(layerRange(summary([0.001, 0.002, 0.99, 0.003, 0.004])).high).toBeCloseTo(0.99);
  });
});

it("has the same tokens in both themes", () => {
  expect(Object.keys(TOKENS.light)).toEqual(Object.keys(TOKENS.dark));
});
