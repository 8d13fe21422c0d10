import { describe, expect, it } from "vitest";
import type { Form as FormName } from "../bundle/manifest.gen";
import type { Subject } from "./form";
import { cellAt, cellRect, mosaic, position, quantOf, tiling } from "./grid";
import { FORMS } from "./index";

const STORED: Record<FormName, readonly number[]> = {
  image: [3, 20, 30], planes: [10, 7, 9], volume: [4, 5, 6, 7], row: [120], sequence: [12, 29], matrix: [4, 16, 16], scalar: [1], generic: [6, 11],
};
const subject = (stored: readonly number[], more: Partial<Subject> = {}): Subject => ({
  stored, largestMap: 28, longestSequence: 64, closed: "mosaic", upright: false, output: false, ...more,
});

const CASES: readonly (readonly [string, FormName, readonly number[]])[] = [
  ...(Object.keys(FORMS) as FormName[]).map((name) => [name, name, STORED[name]] as const),
  ["sequence of one channel", "sequence", [1, 1024]], ["sequence of three", "sequence", [3, 40]],
];

describe.each(CASES)("the form %s", (_name, form_, shape) => {
  const form = FORMS[form_];
  const { width, height, depth } = form.size(subject(shape));
  const grid = form.grid(shape, width / height, "all");

  it("has a size that is neither a dot nor a wall", () => {
    for (const side of [width, height]) {
      expect(side).toBeGreaterThan(0.2);
      expect(side).toBeLessThan(8);
    }
    expect(depth).toBeGreaterThan(0.1);
  });

  it("shows every value of its tensor once, and finds it again where it is drawn", () => {
    const count = shape.reduce((product, side) => product * side, 1);
    const seen = new Set<number>();
    for (let map = 0; map < grid.maps; map++) {
      for (let y = 0; y < grid.height; y++) {
        for (let x = 0; x < grid.width; x++) {
          const cell = { map, y, x };
          const place = position(grid, cell);
          seen.add(place);
          const rect = cellRect(grid, cell);
          expect(cellAt(grid, rect.left + rect.width / 2, rect.top + rect.height / 2)).toEqual(cell);
          const index = form.index(shape, cell, grid);
          expect(index.reduce((sum, at, axis) => sum * (shape[axis] ?? 1) + at, 0)).toBe(place);
          expect(quantOf(grid, cell)).toBe(index[0]);
        }
      }
    }
    expect(seen.size).toBe(count);
    expect(Math.max(...seen)).toBe(count - 1);
  });
});

describe("volumes", () => {
  const shape = STORED.volume;
  it("show one slice of each channel, where one is wanted", () => {
    const grid = FORMS.volume.grid(shape, 1, "all", 3);
    expect(grid.maps).toBe(4);
    expect(FORMS.volume.index(shape, { map: 2, y: 1, x: 5 }, grid)).toEqual([2, 3, 1, 5]);
    expect(position(grid, { map: 2, y: 1, x: 5 })).toBe(((2 * 5 + 3) * 6 + 1) * 7 + 5);
    expect(FORMS.volume.grid(shape, 1, "all", 5).maps).toBe(20);
  });
});

describe("sequences", () => {
  it("of few channels are curves, whose thumbnail lies time first", () => {
    expect(FORMS.sequence.grid([1, 1024, 1], 2, "thumb")).toMatchObject({ curves: true, maps: 1, width: 1024, step: { x: 1 } });
    expect(FORMS.sequence.grid([1, 40, 3], 2, "thumb")).toMatchObject({ maps: 3, rows: 3, width: 40, step: { map: 1, x: 3 } });
    const { width, height } = FORMS.sequence.size(subject([1, 1024], { longestSequence: 1024 }));
    expect(width / height).toBeGreaterThan(2);
  });

  it("of many channels are sheets that are no towers", () => {
    for (const stored of [[12, 29], [32, 16], [128, 256], [16, 1024]]) {
      const { width, height } = FORMS.sequence.size(subject(stored, { longestSequence: 1024 }));
      expect(height / width).toBeLessThanOrEqual(2.01);
      expect(height).toBeLessThan(4);
    }
  });
});

describe("sizes", () => {
  it("shrink maps of 224 to 7 pixels about three times", () => {
    const side = (pixels: number): number => FORMS.planes.size(subject([1, pixels, pixels], { largestMap: 224 })).height;
    expect(side(224)).toBeCloseTo(4.2);
    expect(side(224) / side(7)).toBeCloseTo(2.78, 1);
  });

  it("keep the area of a mosaic whatever its grid", () => {
    const { width, height } = FORMS.planes.size(subject([6, 28, 28]));
    expect(width * height).toBeCloseTo(4.2 ** 2);
    expect(width / height).toBeCloseTo(1.5);
    expect(FORMS.planes.size(subject([6, 28, 28], { upright: true })).height).toBeCloseTo(width);
  });

  it("draw ten classes as one column and a thousand as a strip", () => {
    expect(FORMS.row.size(subject([10], { output: true })).height).toBe(2.9);
    expect(FORMS.row.grid([10], 0.1, "all")).toMatchObject({ columns: 1, rows: 10 });
    expect(FORMS.row.grid([1000], 0.15, "all").columns).toBe(12);
  });
});

describe("tiling", () => {
  it("avoids towers and wastes few tiles", () => {
    expect(mosaic(6, false)).toEqual({ columns: 3, rows: 2 });
    expect(mosaic(16, true)).toEqual({ columns: 4, rows: 4 });
    for (let count = 1; count < 400; count++) {
      const { columns, rows } = mosaic(count, true);
      expect(columns * rows).toBeGreaterThanOrEqual(count);
      expect(rows / columns).toBeLessThanOrEqual(count < 4 ? 3 : 2);
      const whole = tiling(count, 1, 1);
      expect(whole.columns * whole.rows).toBeGreaterThanOrEqual(count);
      expect((whole.columns * whole.rows - count) / count).toBeLessThan(0.5);
    }
  });
});
