// A vector (N,): a strip of cells, wrapped into columns when long; an output of few classes is one column.

import { at } from "../layout/list";
import type { Form, Grid } from "./form";
import { NO_STEPS } from "./grid";

const FEW = 16;

export function columnsOf(count: number): number {
  return count <= FEW ? 1 : Math.ceil(Math.sqrt(count / 7));
}

/** N cells, read like text. `own` says whether each has a scale of its own. */
export function cellsGrid(count: number, columns: number, own: boolean): Grid {
  return {
    maps: count, columns, rows: Math.ceil(count / columns), height: 1, width: 1, gap: count > 400 ? 0.06 : 0.09,
    step: { ...NO_STEPS, map: 1 }, quant: { ...NO_STEPS, map: own ? 1 : 0, divide: 1 },
  };
}

export const row: Form = {
  size({ stored, output }) {
    const count = Math.max(1, at(stored, 0));
    const height = output && count <= FEW ? 2.9 : Math.min(2.9, 1.1 + 0.17 * Math.log2(count));
    const columns = columnsOf(count);
    return { width: Math.max(0.24, (height * columns) / Math.ceil(count / columns)), height, depth: 0.18 };
  },
  grid(shape, aspect, detail) {
    const count = at(shape, shape.length - 1);
    const wide = Math.max(1, Math.round(Math.sqrt(count * aspect)));
    return cellsGrid(count, aspect > 0.5 ? wide : columnsOf(count), detail === "all");
  },
  index: (_shape, { map }) => [map],
};
