// One number: one cell.

import type { Form } from "./form";
import { cellsGrid } from "./row";

export const scalar: Form = {
  size: () => ({ width: 0.9, height: 0.9, depth: 0.18 }),
  grid: (_shape, _aspect, detail) => cellsGrid(1, 1, detail === "all"),
  index: () => [0],
};
