// Feature maps (C, H, W): a slab with all of its channels, or their mean, on the face.

import { at } from "../layout/list";
import type { Form, Subject } from "./form";
import { clamp, depthOf, mapsGrid, mosaic, sideOf } from "./grid";

/** Size of a slab of C maps: its area is that of one map's square, its aspect that of what the face shows. */
export function slab({ largestMap, closed, upright }: Subject, channels: number, height: number, width: number): { width: number; height: number; depth: number } {
  const side = sideOf(Math.sqrt(height * width), largestMap);
  const { columns, rows } = closed === "mosaic" && channels > 1 ? mosaic(channels, upright) : { columns: 1, rows: 1 };
  const aspect = (clamp(width / Math.max(1, height), 1 / 3, 3) * columns) / rows;
  return { width: side * Math.sqrt(aspect), height: side / Math.sqrt(aspect), depth: depthOf(channels) };
}

export const planes: Form = {
  size: (subject) => slab(subject, at(subject.stored, 0), at(subject.stored, 1), at(subject.stored, 2)),
  grid: (shape, aspect) => mapsGrid(at(shape, 0), at(shape, 1), at(shape, 2), aspect),
  index: (_shape, { map, y, x }) => [map, y, x],
};
