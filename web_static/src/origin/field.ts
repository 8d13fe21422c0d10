// What one position of a layer sees of the model's input.

import type { NodeInfo } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { spaceOf, type Index } from "./places";
import type { Region } from "./regions";

export interface Seen extends Region {
  /** It also depends on all of the input, by a gate. */
  readonly gated: boolean;
  readonly whole: boolean;
}

/** The part of the input that a value can depend on, cut at the input's edges; null where that isn't known. */
export function fieldOf(report: Report, node: NodeInfo, index: Index): Seen | null {
  const { field } = node;
  const input = field && report.node(field.input);
  if (!field || !input) return null;
  const [space, sizes] = [spaceOf(node, index), spaceOf(input, input.shape)];
  if (sizes.length !== field.size.length || space.length !== sizes.length) return null;
  const ends = sizes.map((side, axis): readonly [number, number] => {
    const size = field.size[axis] ?? null;
    if (size === null) return [0, side];
    const first = (field.offset[axis] ?? 0) + (field.step[axis] ?? 1) * (space[axis] ?? 0) - (size - 1) / 2;
    return [Math.max(0, Math.floor(first)), Math.min(side, Math.ceil(first + size))];
  });
  if (ends.some(([from, to]) => to <= from)) return null;
  const inSpace = ends.values();
  const all = input.shape.map((side, axis): readonly [number, number] => (axis === input.channel_axis ? [0, side] : (inSpace.next().value ?? [0, side])));
  const whole = all.every(([from, to], axis) => from === 0 && to === input.shape[axis]);
  return { node: input.id, from: all.map(([from]) => from), to: all.map(([, to]) => to), gated: field.gated, whole };
}
