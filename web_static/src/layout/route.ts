// Ways of links: rails between neighbours, arcs around boxes, elbows between lanes, returns between rows, ports.

import { at, get, push } from "./list";
import { rounded } from "./lines";
import * as m from "./measures";
import type { Link } from "./order";
import type { Placed, Point, Port, Row, Wire } from "./types";

export interface Ways {
  readonly wires: readonly Wire[];
  readonly ports: readonly Port[];
}

interface Stand extends Placed {
  readonly left: number;
  readonly right: number;
  readonly rail: number;
}

const AFTER = 0.08;
const BEFORE = 0.06;

function stand(placed: Placed): Stand {
  const half = placed.glyph ? m.GLYPH / 2 : m.footprint(placed.pose) / 2;
  return { ...placed, left: placed.pose.x - half, right: placed.pose.x + half, rail: placed.floor + m.RAIL };
}

/** More lanes than any row has. */
const LANES = 1 << 16;

/** Of a list in the order of columns, what stands between two of them. */
function between(list: readonly Stand[], from: number, to: number): Stand[] {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(list, middle).column > from) high = middle;
    else low = middle + 1;
  }
  let end = low;
  while (end < list.length && at(list, end).column < to) end++;
  return list.slice(low, end);
}

export function route(placed: readonly Placed[], links: readonly Link[], rows: readonly Row[], labelSpace: number): Ways {
  const stands = new Map(placed.map((item) => [item.node.id, stand(item)]));
  const byLane = new Map<number, Stand[]>();
  const byRow = new Map<number, Stand[]>();
  for (const item of stands.values()) {
    push(byLane, item.row * LANES + item.lane, item);
    push(byRow, item.row, item);
  }
  for (const lists of [byLane, byRow]) for (const list of lists.values()) list.sort((a, b) => a.column - b.column);
  const within = (row: number, lane: number, from: number, to: number): Stand[] =>
    between(byLane.get(row * LANES + lane) ?? [], from, to);

  // Everything that an arc between columns must clear, in its own lane and above.
  const under = (row: number, lane: number, from: number, to: number): Stand[] =>
    between(byRow.get(row) ?? [], from, to).filter((item) => item.lane >= lane);

  const wires: Wire[] = [];
  const ports: Port[] = [];
  const arcs: { a: Stand; b: Stand; x0: number; x1: number; clear: number }[] = [];
  const returns: string[] = [];
  const add = (a: Stand, b: Stand, points: readonly Point[], kind: Wire["kind"], radius: number): void => {
    const arrow = kind === "rail" && b.node.role !== "stub";
    wires.push({ kind, points: rounded(points, radius), arrow, source: a.node.id, target: b.node.id, fade: 0 });
  };
  // Where a way leaves the rail before a box, or at a glyph's middle, and where it does so behind one.
  const enter = (b: Stand): number => (b.glyph ? b.pose.x : b.left - 0.3);
  const leave = (a: Stand): number => (a.glyph ? a.pose.x : a.right + 0.2);

  for (const link of links) {
    const [a, b] = [get(stands, link.source), get(stands, link.target)];
    const z = a.pose.z;
    const start: Point = { x: a.right + AFTER, y: a.rail, z };
    const end: Point = { x: b.left - BEFORE, y: b.rail, z: b.pose.z };
    if (a.row !== b.row) {
      const tail = within(a.row, a.lane, a.column, Infinity).length === 0;
      const head = within(b.row, b.lane, -1, b.column).length === 0;
      const last = Math.max(...within(a.row, 0, -1, Infinity).map((item) => item.column), a.column);
      if (b.row === a.row + 1 && tail && head) {
        // Links from one source share a way.
        if (!returns.includes(link.source)) returns.push(link.source);
        add(a, b, returning(a, b, start, end, rows, labelSpace, returns.indexOf(link.source)), "rail", m.RETURN_RADIUS);
      } else if (b.row === a.row + 1 && a.lane === 0 && b.lane === 0 && a.column === last) {
        arcs.push({ a, b, x0: m.LEFT_MARGIN - 0.32, x1: enter(b), clear: clearance(under(b.row, 0, -1, b.column)) });
      } else {
        ports.push(...portsOf(a, b, leave(a), enter(b), within, wires));
      }
      continue;
    }
    const passed = within(a.row, a.lane, a.column, b.column);
    if (a.lane === b.lane) {
      if (passed.length === 0) add(a, b, [start, end], "rail", 0);
      else arcs.push({ a, b, x0: leave(a), x1: enter(b), clear: clearance(under(a.row, a.lane, a.column, b.column)) });
    } else if (b.lane > a.lane && within(a.row, b.lane, a.column, b.column).length === 0) {
      // Up to a branch right behind its source: what stands below the branch may be wider than it.
      const x = leave(a);
      add(a, b, [start, { x, y: a.rail, z }, { x, y: b.rail, z }, end], "rail", m.ARC_RADIUS);
    } else if (passed.length === 0) {
      const x = enter(b);
      const down = { x, y: b.glyph ? b.rail + 0.2 * Math.sign(a.rail - b.rail) : b.rail, z };
      add(a, b, [start, { x, y: a.rail, z }, down, ...(b.glyph ? [] : [end])], b.glyph ? "skip" : "rail", m.ARC_RADIUS);
    } else if (within(a.row, b.lane, a.column, b.column).length === 0) {
      const x = leave(a);
      add(a, b, [{ x, y: a.rail, z }, { x, y: b.rail, z }, end], "rail", m.ARC_RADIUS);
    } else {
      arcs.push({ a, b, x0: leave(a), x1: enter(b), clear: clearance(under(a.row, Math.min(a.lane, b.lane), a.column, b.column)) });
    }
  }
  wires.push(...arcWires(arcs));
  return { wires, ports };
}

/** The height that an arc must keep above. */
function clearance(passed: readonly Stand[]): number {
  return Math.max(...passed.map((item) => item.floor + (item.glyph ? m.RAIL + 0.3 : item.pose.height)));
}

/** Arcs of one row: shorter ones below longer ones, so that none runs along another. */
function arcWires(arcs: readonly { a: Stand; b: Stand; x0: number; x1: number; clear: number }[]): Wire[] {
  const done: { row: number; x0: number; x1: number; y: number }[] = [];
  const sorted = [...arcs].sort((p, q) => p.x1 - p.x0 - (q.x1 - q.x0));
  return sorted.map(({ a, b, x0, x1, clear }) => {
    let y = clear + m.ARC;
    for (const other of done.filter((item) => item.row === b.row && item.x0 < x1 - 1e-6 && item.x1 > x0 + 1e-6).sort((p, q) => p.y - q.y)) {
      if (Math.abs(other.y - y) < m.ARC_STEP) y = other.y + m.ARC_STEP;
    }
    done.push({ row: b.row, x0, x1, y });
    const z = b.pose.z;
    const from = a.row === b.row ? a.rail + (a.glyph ? 0.2 : 0) : b.floor + m.RAIL;
    const points = [{ x: x0, y: from, z }, { x: x0, y, z }, { x: x1, y, z }, { x: x1, y: b.rail + (b.glyph ? 0.2 : 0), z }];
    return { kind: "skip", points: rounded(points, m.ARC_RADIUS), arrow: false, source: a.node.id, target: b.node.id, fade: 0 };
  });
}

/** Under the row and back to the beginning of the next one. Several beside each other keep apart. */
function returning(a: Stand, b: Stand, start: Point, end: Point, rows: readonly Row[], labelSpace: number, count: number): Point[] {
  const [upper, lower] = [rows[a.row], rows[b.row]];
  if (!upper || !lower) throw new RangeError(`a link runs from row ${a.row} to ${b.row}, but there are ${rows.length}`);
  const shift = a.lane > 0 ? 0.12 * (count % 4) : 0;
  const [right, left] = [Math.max(upper.right - 0.1, a.right + 0.28) + shift, 0.02 - shift];
  const [y, z] = [upper.floor - labelSpace + shift, (upper.z + lower.z) / 2];
  return [start, { x: right, y: start.y, z: upper.z }, { x: right, y, z }, { x: left, y, z }, { x: left, y: end.y, z: lower.z }, end];
}

type Within = (row: number, lane: number, from: number, to: number) => readonly Stand[];

/** A pole with a name at either end. */
function portsOf(a: Stand, b: Stand, x0: number, x1: number, within: Within, wires: Wire[]): Port[] {
  // Above what stands to the left and the right of the pole, so that the name hides no face.
  const over = (item: Stand, from: number): number => {
    const beside = within(item.row, item.lane, from - 1, from + 2).filter((other) => !other.glyph);
    return Math.max(...beside.map((other) => other.floor + other.pose.height), item.rail) + m.ARC + 0.12;
  };
  const [up, down] = [over(a, a.column), over(b, b.column - 1)];
  const made = [
    { text: `→ ${b.node.label}`, x: x0, from: a.rail + (a.glyph ? 0.2 : 0), to: up, z: a.pose.z },
    { text: `${a.node.label} ↓`, x: x1, from: b.rail + (b.glyph ? 0.2 : 0), to: down, z: b.pose.z },
  ];
  return made.map(({ text, x, from, to, z }, i) => {
    // In the direction of the flow: up at its source, down at its target.
    const points = [{ x, y: from, z }, { x, y: to, z }];
    if (i === 1) points.reverse();
    wires.push({ kind: "skip", points, arrow: false, source: a.node.id, target: b.node.id, fade: 0 });
    return { text, point: { x, y: to, z }, source: a.node.id, target: b.node.id };
  });
}
