// A graph becomes a picture: a pure function from what is visible and how much room there is to places of things.

import { choose } from "./choose";
import { placeNodes } from "./columns";
import type { ViewGraph } from "./fold";
import { at, get } from "./list";
import * as m from "./measures";
import { route } from "./route";
import { turning } from "./shelf";
import type { Bracket, Layout, Options, Placed, Point, Pose, Row, Wire } from "./types";

const EMPTY: Layout = { placed: [], wires: [], ports: [], brackets: [], rows: [], level: 0, upright: false, scale: 1 };

/** Lays out the visible graph on shelves. Deterministic. */
export function layout(view: ViewGraph, options: Options): Layout {
  if (view.nodes.length === 0) return EMPTY;
  const places = placeNodes(view);
  const { columns, wrapped, level, upright, scale } = choose(view, places, options);
  const px = 1 / scale;
  const labels = m.labelRoom(level) * px;
  const rowOf: number[] = [];
  wrapped.rows.forEach(({ first, last }, r) => {
    for (let i = first; i <= last; i++) rowOf[i] = r;
  });
  const bracketed = new Set<number>();
  for (const ids of view.brackets.values()) for (const id of ids) bracketed.add(at(rowOf, get(places, id).column));

  const rows: Row[] = [];
  wrapped.rows.forEach(({ first, last, top, right }, r) => {
    const before = rows[r - 1];
    const below = bracketed.has(r - 1) ? 0.62 : 0;
    const floor = before ? before.floor - labels - m.ROW_GAP - below - top : 0;
    const line = turning(at(columns, last), at(wrapped.middle, last), px);
    rows.push({ floor, z: r * m.ROW_STEP, left: at(wrapped.middle, first) - at(columns, first).half, right: Math.min(right, line), top });
  });

  const placed: Placed[] = [];
  columns.forEach((column, i) => {
    const row = at(rows, at(rowOf, i));
    for (const { node, lane, size, glyph } of column.items) {
      const floor = row.floor + (wrapped.floors[column.region]?.[lane] ?? 0);
      const stub = node.role === "stub" && !node.folded;
      const lift = glyph ? m.RAIL : stub ? m.RAIL - size.height / 2 : 0;
      const pose: Pose = { x: at(wrapped.middle, i), y: floor + lift, z: row.z, turn: m.TURN, fade: 0, ...size };
      placed.push({ node, pose, row: at(rowOf, i), column: i, lane, floor, glyph });
    }
  });
  const ways = route(placed, view.links, rows, labels + 0.5 + 0.1);
  const { wires, brackets } = bracketsOf(view, placed, labels);
  return { placed, wires: [...ways.wires, ...floors(rows), ...wires], ports: ways.ports, brackets, rows, level, upright, scale };
}

function floors(rows: readonly Row[]): Wire[] {
  return rows.map(({ floor, z, left, right }) => ({
    kind: "floor", arrow: false, source: "", target: "", fade: 0,
    points: [{ x: left - 0.2, y: floor, z }, { x: right - 0.1, y: floor, z }],
  }));
}

/** A line under the members of each unfolded block, one a row. */
function bracketsOf(view: ViewGraph, placed: readonly Placed[], labels: number): { wires: Wire[]; brackets: Bracket[] } {
  const byId = new Map(placed.map((item) => [item.node.id, item]));
  const wires: Wire[] = [];
  const brackets: Bracket[] = [];
  const used = new Set<string>();
  for (const [id, members] of view.brackets) {
    const items = members.map((member) => get(byId, member)).filter((item) => item.lane === 0);
    for (const row of new Set(items.map((item) => item.row))) {
      const mine = items.filter((item) => item.row === row);
      const [first, last] = [mine.reduce((a, b) => (b.column < a.column ? b : a)), mine.reduce((a, b) => (b.column > a.column ? b : a))];
      // Of blocks within blocks the innermost has the line.
      if (used.has(first.node.id)) continue;
      mine.forEach((item) => used.add(item.node.id));
      const half = (item: Placed): number => m.footprint(item.pose) / 2;
      const [x0, x1, z] = [first.pose.x - half(first), last.pose.x + half(last), first.pose.z];
      const y = first.floor - labels - 0.56;
      const corner = (x: number, up: number): Point => ({ x, y: y + up, z });
      wires.push({ kind: "bracket", points: [corner(x0, 0.12), corner(x0, 0), corner(x1, 0), corner(x1, 0.12)], arrow: false, source: "", target: "", fade: 0 });
      brackets.push({ block: id, label: `− ${get(view.blocks, id).label}`, point: corner((x0 + x1) / 2, 0) });
    }
  }
  return { wires, brackets };
}
