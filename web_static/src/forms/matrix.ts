// Attention (heads, Q, K): a wall of one map a head.

import { at } from "../layout/list";
import type { Form } from "./form";
import { mapsGrid } from "./grid";
import { slab } from "./planes";

export const matrix: Form = {
  size: (subject) => slab({ ...subject, closed: "mosaic", largestMap: Math.max(subject.largestMap, at(subject.stored, 1)) }, at(subject.stored, 0), at(subject.stored, 1), at(subject.stored, 2)),
  grid: (shape, aspect) => mapsGrid(at(shape, 0), at(shape, 1), at(shape, 2), aspect),
  index: (_shape, { map, y, x }) => [map, y, x],
};
