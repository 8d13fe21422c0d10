// Volumes (C, D, H, W): closed the mean over depth of each channel, open every slice of every channel.

import { at } from "../layout/list";
import type { Form } from "./form";
import { mapsGrid } from "./grid";
import { slab } from "./planes";

export const volume: Form = {
  size(subject) {
    const flat = slab(subject, at(subject.stored, 0), at(subject.stored, 2), at(subject.stored, 3));
    return { ...flat, depth: flat.depth * 1.4 };
  },
  grid(shape, aspect, detail) {
    if (detail === "thumb") return mapsGrid(at(shape, 0), at(shape, 1), at(shape, 2), aspect);
    return mapsGrid(at(shape, 0) * at(shape, 1), at(shape, 2), at(shape, 3), aspect, at(shape, 1));
  },
  index: (shape, { map, y, x }) => [Math.floor(map / at(shape, 1)), map % at(shape, 1), y, x],
};
