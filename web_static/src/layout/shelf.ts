// Columns of boxes, and how they wrap into rows at a given scale.

import type { Place } from "./columns";
import type { ViewGraph, ViewNode } from "./fold";
import { at, get } from "./list";
import * as m from "./measures";
import type { Level, Options, Size } from "./types";

export interface Item {
  readonly node: ViewNode;
  readonly lane: number;
  readonly column: number;
  readonly size: Size;
  readonly glyph: boolean;
}

export interface Column {
  readonly items: readonly Item[];
  readonly glyph: boolean;
  /** Half of the widest footprint. */
  readonly half: number;
  /** CSS pixels: half of the widest label, and what is kept free on the right. */
  readonly labelPx: number;
  readonly reservePx: number;
  /** Columns whose branches run side by side share a region; between regions a row may end. */
  readonly region: number;
}

export interface Wrapped {
  /** Columns from first to last, both included. */
  readonly rows: readonly { readonly first: number; readonly last: number; readonly top: number; readonly right: number }[];
  /** For each column the middle's distance from the row's left end. */
  readonly middle: readonly number[];
  /** For each region the floors of its lanes above the row's floor. */
  readonly floors: readonly (readonly number[])[];
  /** Without the pixels of labels below rows. */
  readonly height: number;
}

/** Groups placed nodes into columns. */
export function columnsFor(view: ViewGraph, places: ReadonlyMap<string, Place>, sizes: ReadonlyMap<string, Size>, options: Options, level: Level): Column[] {
  const items: Item[][] = [];
  for (const node of view.nodes) {
    const { column, lane } = get(places, node.id);
    const glyph = node.role === "merge" && !node.folded;
    (items[column] ??= []).push({ node, lane, column, size: get(sizes, node.id), glyph });
  }
  const open = new Array<boolean>(items.length).fill(false);
  for (const { source, target } of view.links) {
    const [from, to] = [get(places, source), get(places, target)];
    // A link between lanes holds the columns between its ends together; so does a lane's own run.
    if (from.lane > 0 || to.lane > 0) for (let i = from.column; i < to.column; i++) open[i] = true;
  }
  let region = 0;
  return items.map((list, i) => {
    if (i > 0 && !open[i - 1]) region++;
    const boxes = list.filter((item) => !item.glyph);
    const labelled = boxes.filter((item) => item.node.role !== "stub");
    return {
      items: list.sort((a, b) => a.lane - b.lane),
      glyph: boxes.length === 0,
      half: Math.max(m.GLYPH, ...boxes.map((item) => m.footprint(item.size))) / 2,
      labelPx: Math.max(0, ...labelled.map((item) => options.labelWidth(item.node, level) + m.LABEL_GAP_PX)) / 2,
      reservePx: Math.max(0, ...list.map((item) => options.reserve(item.node))),
      region,
    };
  });
}

/** Distance between the middles of neighbouring columns. */
function distance(a: Column, b: Column, px: number): number {
  const gap = a.glyph || b.glyph ? m.GLYPH_GAP : m.GAP;
  return Math.max(a.half + b.half + gap, (a.labelPx + b.labelPx) * px);
}

/** Floors of each region's lanes; a lane stands above the tallest box of the one below and its label. */
function laneFloors(columns: readonly Column[], px: number, level: Level): number[][] {
  const tops: number[][] = [];
  for (const { items, region } of columns) {
    const lanes = (tops[region] ??= []);
    for (const { lane, size, glyph } of items) lanes[lane] = Math.max(lanes[lane] ?? 0, glyph ? m.RAIL + 0.3 : size.height);
  }
  const label = level === 3 ? 4 : level === 0 ? m.LABEL_PX - 6 : 26;
  return Array.from(tops, (lanes) => {
    let floor = 0;
    return Array.from(lanes, (height: number | undefined) => {
      const mine = floor;
      if (height !== undefined) floor += height + m.LANE_GAP + label * px;
      return mine;
    });
  });
}

/** Fills rows from left to right. `px` is scene units for a CSS pixel; `limit` the widest that a row may be. */
export function wrap(columns: readonly Column[], limit: number, px: number, level: Level, arcs: readonly boolean[]): Wrapped {
  const floors = laneFloors(columns, px, level);
  const middle: number[] = [];
  const rows: { first: number; last: number; top: number; right: number }[] = [];
  let height = 0;
  for (let first = 0; first < columns.length; ) {
    let [x, last, top, good] = [m.LEFT_MARGIN + at(columns, first).half, first, 0, first];
    let [goodTop, goodRight] = [0, 0];
    for (let i = first; i < columns.length; i++) {
      const column = at(columns, i);
      if (i > first) x += distance(at(columns, i - 1), column, px);
      const right = x + column.half + Math.max(m.RIGHT_MARGIN, column.reservePx * px);
      const next = columns[i + 1];
      if (right > limit && i > first) break;
      middle[i] = x;
      for (const { lane, size } of column.items) top = Math.max(top, (floors[column.region]?.[lane] ?? 0) + size.height);
      if (arcs[i]) top = Math.max(top, Math.max(...column.items.map((item) => item.size.height)) + m.ARC + 0.05);
      last = i;
      // A glyph stays with the box before it.
      const breaks = !next || (next.region !== column.region && !next.glyph);
      if (breaks) [good, goodTop, goodRight] = [i, top, right];
    }
    // A region that is wider than a row goes over.
    if (goodRight === 0) [good, goodTop, goodRight] = [last, top, at(middle, last) + at(columns, last).half + m.RIGHT_MARGIN];
    rows.push({ first, last: good, top: goodTop, right: goodRight });
    height += goodTop + m.ROW_GAP;
    first = good + 1;
  }
  return { rows, middle, floors, height: height - m.ROW_GAP + 0.4 };
}
