// A picture (C, H, W): thin, with the picture itself on its face.

import { at } from "../layout/list";
import type { Form } from "./form";
import { mapsGrid } from "./grid";
import { slab } from "./planes";

export const image: Form = {
  size: (subject) => ({ ...slab({ ...subject, closed: "mean" }, 1, at(subject.stored, 1), at(subject.stored, 2)), depth: 0.08 + 0.02 * at(subject.stored, 0) }),
  grid: (shape, aspect) => mapsGrid(at(shape, 0), at(shape, 1), at(shape, 2), aspect),
  index: (_shape, { map, y, x }) => [map, y, x],
};
