// When each box of the picture is worked out in the forward pass: what a box needs comes before it, and branches that
// do not need each other run side by side.

import type { ViewGraph } from "./fold";
import { get } from "./list";

export interface Timetable {
  /** When everything is done. A box takes one unit of time. */
  readonly length: number;
  /** When each box begins. */
  readonly start: ReadonlyMap<string, number>;
}

/** Share of a box's time in which its inputs arrive; in the rest its face is filled. */
export const ARRIVING = 0.35;

export function timetable({ nodes, links }: Pick<ViewGraph, "nodes" | "links">): Timetable {
  const start = new Map(nodes.map(({ id }) => [id, 0]));
  const inputs = new Map<string, string[]>();
  for (const { source, target } of links) inputs.set(target, [...(inputs.get(target) ?? []), source]);
  let length = nodes.length > 0 ? 1 : 0;
  for (const { id } of nodes) {
    const at = Math.max(0, ...(inputs.get(id) ?? []).map((input) => get(start, input) + 1));
    start.set(id, at);
    length = Math.max(length, at + 1);
  }
  return { length, start };
}

/** The boxes that are being worked out at a time. */
export function working({ start }: Timetable, time: number): string[] {
  return [...start].filter(([, at]) => at <= time && time < at + 1).map(([id]) => id);
}
