// Links end where boxes are seen to end. Seen from the middle, a turned box's near corner covers more of the floor
// line than its footprint says; how much depends on the camera.

import { at } from "../layout/list";
import type { Layout, Placed, Point, Wire } from "../layout/types";
import type { Lens } from "./camera";
import { corners } from "./solid";

/** CSS pixels between a link and a box, and the least that is left of a link. */
const FREE = 4;
const LEAST = 9;

/** The layout with its links cut to what is seen between boxes through a lens. */
export function trimmed(layout: Layout, lens: Lens): Layout {
  const edges = new Map(layout.placed.filter(({ glyph }) => !glyph).map((item) => [item.node.id, seen(item, lens)]));
  return { ...layout, wires: layout.wires.map((wire) => (wire.kind === "rail" ? cut(wire, edges, lens) : wire)) };
}

interface Edges {
  readonly left: number;
  readonly right: number;
}

function seen({ pose }: Placed, lens: Lens): Edges {
  const xs = corners(pose).map((point) => lens.project(point).x);
  return { left: Math.min(...xs), right: Math.max(...xs) };
}

function cut(wire: Wire, edges: ReadonlyMap<string, Edges>, lens: Lens): Wire {
  const points = [...wire.points];
  const last = points.length - 1;
  const [start, end] = [at(points, 0), at(points, last)];
  const [from, to] = [lens.project(start).x, lens.project(end).x];
  let left = Math.max(from, (edges.get(wire.source)?.right ?? -Infinity) + FREE);
  let right = Math.min(to, (edges.get(wire.target)?.left ?? Infinity) - FREE);
  if (last === 1 && right - left < LEAST) {
    const middle = (left + right) / 2;
    [left, right] = [middle - LEAST / 2, middle + LEAST / 2];
  }
  const moved = (point: Point, pixels: number): Point => ({ ...point, x: point.x + pixels / lens.scaleAt(point) });
  // Only as far as the way runs straight.
  const room = Math.abs(lens.project(at(points, 1)).x - from);
  points[0] = moved(start, last === 1 ? left - from : Math.min(left - from, room));
  points[last] = moved(end, right - to);
  return { ...wire, points };
}
