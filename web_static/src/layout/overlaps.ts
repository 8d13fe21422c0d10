// Which boxes of a layout stand in each other: for the tests of this room.

import { footprint } from "./measures";
import type { Layout, Placed } from "./types";

/** Pairs of ids. */
export function overlaps({ placed }: Layout): string[] {
  const found: string[] = [];
  const half = (item: Placed): number => (item.glyph ? 0.2 : footprint(item.pose) / 2);
  placed.forEach((a, i) => placed.slice(i + 1).forEach((b) => {
    if (a.row !== b.row) return;
    const wide = Math.abs(a.pose.x - b.pose.x) < half(a) + half(b) - 1e-6;
    const [low, high] = a.pose.y < b.pose.y ? [a, b] : [b, a];
    if (wide && low.pose.y + (low.glyph ? 0.2 : low.pose.height) > high.pose.y + 1e-6) found.push(`${a.node.id} ${b.node.id}`);
  }));
  return found;
}
