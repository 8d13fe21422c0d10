// Volumes (C, D, H, W): closed the mean over depth of each channel, open every slice of every channel, or one
// slice of each.

import { at } from "../layout/list";
import type { Form, Grid } from "./form";
import { mapsGrid } from "./grid";
import { slab } from "./planes";

/** The one slice that a grid shows; null where it shows all. */
export function sliceOf({ start }: Grid, shape: readonly number[]): number | null {
  return start === undefined ? null : start / (at(shape, 2) * at(shape, 3));
}

export const volume: Form = {
  size(subject) {
    const flat = slab(subject, at(subject.stored, 0), at(subject.stored, 2), at(subject.stored, 3));
    return { ...flat, depth: flat.depth * 1.4 };
  },
  grid(shape, aspect, detail, slice = null) {
    if (detail === "thumb") return mapsGrid(at(shape, 0), at(shape, 1), at(shape, 2), aspect);
    if (slice !== null && slice < at(shape, 1)) {
      const area = at(shape, 2) * at(shape, 3);
      const grid = mapsGrid(at(shape, 0), at(shape, 2), at(shape, 3), aspect);
      return { ...grid, start: slice * area, step: { ...grid.step, map: at(shape, 1) * area } };
    }
    return mapsGrid(at(shape, 0) * at(shape, 1), at(shape, 2), at(shape, 3), aspect, at(shape, 1));
  },
  index(shape, { map, y, x }, grid) {
    const slice = sliceOf(grid, shape);
    return slice === null ? [Math.floor(map / at(shape, 1)), map % at(shape, 1), y, x] : [map, slice, y, x];
  },
};
