// Steps of features (C, T): a sheet, time down and channels across; a long narrow one is cut into strips.

import { at } from "../layout/list";
import type { Form, Grid } from "./form";
import { clamp, NO_STEPS } from "./grid";

const LIMIT = 2.4;

/** How many strips of equal length a sheet is cut into. */
export function strips(steps: number, channels: number): number {
  const wanted = Math.sqrt(steps / channels / LIMIT);
  let best = 1;
  for (let count = 2; count <= wanted + 1 && count <= 16; count *= 2) if (steps % count === 0) best = count;
  return best;
}

export const sequence: Form = {
  size({ stored, longestSequence }) {
    const [channels, steps] = [Math.max(1, at(stored, 0)), Math.max(1, at(stored, 1))];
    const side = 0.8 * 4.2 * Math.max(0.36, (steps / Math.max(1, longestSequence)) ** 0.38);
    const cut = strips(steps, channels);
    const aspect = clamp((channels * cut * cut) / steps, 1 / LIMIT, 2);
    return { width: side * Math.sqrt(aspect), height: side / Math.sqrt(aspect), depth: 0.2 };
  },
  grid(shape, _aspect, detail): Grid {
    const [steps, channels] = detail === "thumb" ? [at(shape, 1), at(shape, 2)] : [at(shape, 1), at(shape, 0)];
    const cut = strips(steps, channels);
    const height = steps / cut;
    const common = { maps: cut, columns: cut, rows: 1, height, width: channels, gap: cut > 1 ? 0.06 : 0 };
    if (detail === "thumb") {
      return { ...common, step: { map: height * channels, y: channels, x: 1 }, quant: { ...NO_STEPS, divide: 1 } };
    }
    return { ...common, step: { map: height, y: 1, x: steps }, quant: { ...NO_STEPS, x: 1, divide: 1 } };
  },
  index: (_shape, { map, y, x }, grid) => [x, map * grid.height + y],
};
