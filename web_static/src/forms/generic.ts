// Anything else: all leading axes as rows, the last one as columns.

import { at } from "../layout/list";
import type { Form, Grid } from "./form";
import { clamp, NO_STEPS } from "./grid";

export const generic: Form = {
  size({ stored }) {
    const [rows, columns] = [Math.max(1, at(stored, 0)), Math.max(1, at(stored, stored.length - 1))];
    const aspect = clamp(columns / rows, 0.25, 2.5);
    return { width: 2.2 * Math.sqrt(aspect), height: 2.2 / Math.sqrt(aspect), depth: 0.24 };
  },
  grid(shape, _aspect, detail): Grid {
    const [height, width] = [at(shape, shape.length - 2), at(shape, shape.length - 1)];
    const common = { maps: 1, columns: 1, rows: 1, height, width, gap: 0, step: { map: 0, y: width, x: 1 } };
    return { ...common, quant: { ...NO_STEPS, y: detail === "all" ? 1 : 0, divide: 1 } };
  },
  index: (_shape, { y, x }) => [y, x],
};
