import { describe, expect, it } from "vitest";
import type { Summary } from "../bundle/manifest.gen";
import { decode } from "../bundle/tensor";
import { fullColour, heatColour } from "./heat";
import { lookup, STOPS } from "./maps";
import { toOklch } from "./oklch";
import { rgb, TOKENS, type RGB } from "./tokens";
import { colourOf, layerRange, shownRange } from "./value";

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

/** As who lacks the green cones sees it (Machado, Oliveira and Fernandes 2009, severity 1), in linear light. */
function deuteranope([r, g, b]: RGB): RGB {
  const linear = [r, g, b].map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  const rows = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]];
  const seen = rows.map((row) => Math.min(1, Math.max(0, row.reduce((sum, part, i) => sum + part * (linear[i] ?? 0), 0))));
  const [x = 0, y = 0, z = 0] = seen.map((part) => 255 * (part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055));
  return [x, y, z];
}

/** Distance in OKLab, where 1 is from black to white. */
function apart(a: RGB, b: RGB): number {
  const [p, q] = [toOklch(a), toOklch(b)];
  return Math.hypot(p[0] - q[0], p[1] * Math.cos(p[2]) - q[1] * Math.cos(q[2]), p[1] * Math.sin(p[2]) - q[1] * Math.sin(q[2]));
}

describe("to those who see no green", () => {
  const shares = Array.from({ length: 64 }, (_, i) => i / 63);

  it("more of a map still looks like more", () => {
    for (const theme of ["dark", "light"] as const) {
      for (const name of ["sequential", "negative", "heat", "against"] as const) {
        const light = shares.map((t) => toOklch(deuteranope(lookup(name, theme, t)))[0]);
        const way = Math.sign((light[63] ?? 0) - (light[0] ?? 0));
        const steps = light.slice(1).map((value, i) => (value - (light[i] ?? 0)) * way);
        expect(Math.min(...steps), `${name} in ${theme}`).toBeGreaterThan(-0.002);
        expect(Math.abs((light[63] ?? 0) - (light[0] ?? 0)), `${name} in ${theme}`).toBeGreaterThan(0.5);
      }
    }
  });

  it("for and against, above and below zero, stay apart", () => {
    for (const theme of ["dark", "light"] as const) {
      for (const [above, below] of [["sequential", "negative"], ["heat", "against"]] as const) {
        for (const t of [0.4, 0.6, 0.8]) {
          const distance = apart(deuteranope(lookup(above, theme, t)), deuteranope(lookup(below, theme, t)));
          expect(distance, `${above} and ${below} at ${t} in ${theme}`).toBeGreaterThan(0.045);
        }
      }
    }
  });
});

describe("heat", () => {
  const ref = { blob: "a", offset: 0, dtype: "uint8", shape: [1, 1, 200], quant: 200, source: null, clamp: null } as const;
  const codes = new Uint8Array(208).fill(126);
  codes.set([136, 116], 0);
  for (let i = 3; i < 103; i++) codes[i] = 151;
  codes[2] = 252;
  codes.set(new Uint8Array(Float32Array.of(1 / 126, -1).buffer), 200);
  const map = { node: "x", tensor: ref, peak: 2, raw: null, blank: false, signed: true };
  const method = { name: "g", title: "", question: "", paper: "", range: "signed, in score" };

  it("has full colour where all but the strongest hundredth is reached", () => {
    expect(fullColour(map, decode(ref, codes), method)).toBeCloseTo(25 / 126, 5);
    expect(fullColour({ ...map }, decode(ref, codes), { ...method, range: "0 to 1, each map over its own maximum" })).toBe(1);
    expect(fullColour({ ...map, blank: true }, decode(ref, codes), method)).toBe(1);
  });

  it("of both signs starts in the same dark", () => {
    expect(heatColour(0, "dark")).toEqual(lookup("against", "dark", 0));
    expect(heatColour(-1, "dark")).toEqual(lookup("against", "dark", 1));
    expect(heatColour(1, "light")).toEqual(lookup("heat", "light", 1));
  });
});

it("a fixed range ends at the same value for every layer, on both sides of zero", () => {
  const scale = { range: "fixed", fixed: 2.5 } as const;
  expect(shownRange(scale, summary([0, 1, 9]))).toEqual({ low: 0, high: 2.5 });
  expect(shownRange(scale, summary([-1, 0, 9]))).toEqual({ low: -2.5, high: 2.5 });
  expect(shownRange({ ...scale, range: "layer" }, summary([0, 1, 9]))).toEqual({ low: 0, high: 9 });
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
