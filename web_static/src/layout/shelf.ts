// Columns of boxes, and how they wrap into rows at a given scale.

import type { Place } from "./columns";
import type { ViewGraph, ViewNode } from "./fold";
import { at, get } from "./list";
import * as m from "./measures";
import type { Level, Options, Size } from "./types";

const DISC_PX = 7;
/**
 * CSS pixels that a label may widen its slot by on a phone, in models that are small enough for labels: where names are
 * longer, some are left out, which beats a picture of half the size or none at all.
 */
const PHONE_SLOT = 56;
/** Models of so few boxes have room for every name. */
const NAMED_MOST = 14;
const LABELLED_MOST = 60;

export interface Item {
  readonly node: ViewNode;
  readonly lane: number;
  readonly column: number;
  readonly size: Size;
  readonly glyph: boolean;
  /** The columns that its links run through in its own lane. */
  readonly from: number;
  readonly to: number;
}

export interface Column {
  readonly items: readonly Item[];
  /** Whether it holds nothing but merges and stubs, which stand closer. */
  readonly glyph: boolean;
  readonly merges: boolean;
  /** Whether it must stay with the column before it. */
  readonly stays: boolean;
  /** The tallest thing in it. */
  readonly tall: number;
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

/** Groups placed nodes into columns, as yet without labels. */
export function columnsFor(view: ViewGraph, places: ReadonlyMap<string, Place>, sizes: ReadonlyMap<string, Size>, options: Options): Column[] {
  const items: Item[][] = [];
  const [runsFrom, runsTo] = [new Map<string, number>(), new Map<string, number>()];
  for (const { source, target } of view.links) {
    const [from, to] = [get(places, source), get(places, target)];
    if (from.lane === to.lane) continue;
    if (to.lane > 0) runsFrom.set(target, Math.min(runsFrom.get(target) ?? Infinity, from.column + 1));
    if (from.lane > 0) runsTo.set(source, Math.max(runsTo.get(source) ?? 0, to.column - 1));
  }
  for (const node of view.nodes) {
    const { column, lane } = get(places, node.id);
    const glyph = node.role === "merge" && !node.folded;
    const [from, to] = [runsFrom.get(node.id) ?? column, runsTo.get(node.id) ?? column];
    (items[column] ??= []).push({ node, lane, column, size: get(sizes, node.id), glyph, from, to });
  }
  const open = new Array<boolean>(items.length).fill(false);
  for (const { source, target } of view.links) {
    const [from, to] = [get(places, source), get(places, target)];
    // A link between lanes holds the columns between its ends together; but where branches leave the main path, a row
    // may end.
    if (from.lane > 0 || to.lane > 0) for (let i = from.column + (from.lane === 0 ? 1 : 0); i < to.column; i++) open[i] = true;
  }
  let region = 0;
  const regions = items.map((_list, i) => (i > 0 && !open[i - 1] ? ++region : region));
  shrink(items, regions);
  return items.map((list, i) => {
    const boxes = list.filter((item) => !item.glyph);
    const labelled = boxes.filter((item) => item.node.role !== "stub");
    return {
      items: list.sort((a, b) => a.lane - b.lane),
      glyph: labelled.length === 0,
      merges: boxes.length === 0,
      stays: list.every((item) => item.glyph),
      tall: Math.max(0, ...list.map((item) => item.size.height)),
      half: Math.max(m.GLYPH * (boxes.length ? 0.6 : 1), ...boxes.map((item) => m.footprint(item.size))) / 2,
      labelPx: 0,
      reservePx: Math.max(0, ...list.map((item) => options.reserve(item.node))),
      region: at(regions, i),
    };
  });
}

/** The same columns with the room that labels of a level take. */
export function labelled(columns: readonly Column[], options: Options, level: Level, count: number): Column[] {
  const few = count <= NAMED_MOST;
  const most = options.phone && level === 2 && !few && count <= LABELLED_MOST ? PHONE_SLOT : Infinity;
  return columns.map((column) => {
    let widest = 0;
    for (const { node, glyph } of column.items) {
      // Where blocks are told by numbers, the long names of thin strips are not worth the room.
      const silent = glyph || node.role === "stub" || (node.form === "row" && (level === 3 || (level === 2 && !few)));
      if (!silent) widest = Math.max(widest, Math.min(most, options.labelWidth(node, level) + m.LABEL_GAP_PX));
    }
    return { ...column, labelPx: widest / 2 };
  });
}

/** Where branches run side by side, their boxes are smaller, so that a row of many lanes does not dwarf the others. */
function shrink(items: Item[][], regions: readonly number[]): void {
  const lanes = new Map<number, Set<number>>();
  items.forEach((list, i) => {
    const region = at(regions, i);
    const known = lanes.get(region) ?? new Set<number>();
    if (list.length > 1) for (const { node, lane, glyph } of list) if (!glyph && node.role !== "stub") known.add(lane);
    lanes.set(region, known);
  });
  items.forEach((list, i) => {
    const count = get(lanes, at(regions, i)).size;
    if (count < 2) return;
    const scale = Math.max(0.45, count ** -0.5);
    items[i] = list.map((item) => {
      const alone = item.glyph || item.node.role === "stub";
      const { width, height, depth } = item.size;
      return alone ? item : { ...item, size: { width: width * scale, height: height * scale, depth: depth * scale } };
    });
  });
}

/** Distance between the middles of neighbouring columns. */
function distance(a: Column, b: Column, px: number): number {
  const gap = a.glyph || b.glyph ? m.GLYPH_GAP : m.GAP;
  return Math.max(halfOf(a, px) + halfOf(b, px) + gap, (a.labelPx + b.labelPx) * px);
}

/** Discs of merges stay readable in small pictures. */
function halfOf({ half, merges }: Column, px: number): number {
  return merges ? Math.max(half, DISC_PX * px) : half;
}

/** How far a column reaches to the right of its middle, its label and what is kept free included. */
function reach(column: Column, px: number): number {
  return Math.max(column.half + m.RIGHT_MARGIN, column.labelPx * px + 0.12, column.half + column.reservePx * px);
}

/**
 * Floors of each region's lanes above the row's floor. A lane stands above what is below it in the columns that it
 * runs through, labels included, and no higher.
 */
function laneFloors(columns: readonly Column[], runs: readonly Run[], px: number, level: Level): number[][] {
  const label = m.LANE_GAP + (level === 3 ? 4 : level === 0 ? m.LABEL_PX - 6 : 26) * px;
  const tops = columns.map(() => 0);
  const floors: number[][] = [];
  for (const { region, lane, first, last } of runs) {
    let floor = 0;
    for (let i = first; i <= last && lane > 0; i++) floor = Math.max(floor, at(tops, i) + 0.15);
    (floors[region] ??= [])[lane] = floor;
    for (let i = first; i <= last; i++) {
      const item = columns[i]?.items.find((other) => other.lane === lane);
      const height = !item ? m.RAIL + 0.1 + label - m.LANE_GAP : item.glyph ? m.RAIL + 0.3 : item.size.height + label;
      tops[i] = Math.max(at(tops, i), floor + height);
    }
  }
  return floors;
}

/** The columns that a lane runs through within a region. */
export interface Run {
  readonly region: number;
  readonly lane: number;
  readonly first: number;
  readonly last: number;
}

/** More lanes than any region has. */
const LANES = 1 << 16;

/** Every lane of every region, lower lanes first. */
export function runsOf(columns: readonly Column[]): Run[] {
  const runs = new Map<number, Run>();
  columns.forEach(({ items, region }, i) => {
    for (const { lane, from, to } of items) {
      const key = region * LANES + lane;
      const { first, last } = runs.get(key) ?? { first: i, last: i };
      runs.set(key, { region, lane, first: Math.min(first, from, i), last: Math.max(last, to, i) });
    }
  });
  return [...runs.values()].sort((a, b) => a.lane - b.lane);
}

/** Where a row's links turn down: right of its last box and label. */
export function turning(column: Column, middle: number, px: number): number {
  return middle + Math.max(column.half + m.RIGHT_MARGIN, column.labelPx * px + 0.12);
}

/** Fills rows from left to right. `px` is scene units for a CSS pixel; `limit` the widest that a row may be. */
export function wrap(columns: readonly Column[], runs: readonly Run[], limit: number, px: number, level: Level, arcs: readonly boolean[]): Wrapped {
  const floors = runs.some((run) => run.lane > 0) ? laneFloors(columns, runs, px, level) : [];
  const middle: number[] = [];
  const rows: { first: number; last: number; top: number; right: number }[] = [];
  let height = 0;
  for (let first = 0; first < columns.length; ) {
    const start = at(columns, first);
    let [x, last, top, good] = [Math.max(m.LEFT_MARGIN + start.half, start.labelPx * px), first, 0, first];
    let [goodTop, goodRight] = [0, 0];
    for (let i = first; i < columns.length; i++) {
      const column = at(columns, i);
      if (i > first) x += distance(at(columns, i - 1), column, px);
      const right = x + reach(column, px);
      const next = columns[i + 1];
      if (right > limit && i > first) break;
      middle[i] = x;
      const lanes = floors[column.region];
      if (column.tall > top) top = column.tall;
      if (lanes && column.items.length > 0) for (const { lane, size } of column.items) top = Math.max(top, (lanes[lane] ?? 0) + size.height);
      if (arcs[i] && column.tall + m.ARC + 0.05 > top) top = column.tall + m.ARC + 0.05;
      last = i;
      // A glyph stays with the box before it.
      const breaks = !next || (next.region !== column.region && !next.stays);
      if (breaks) [good, goodTop, goodRight] = [i, top, right];
    }
    // A region that is wider than a row goes over.
    if (goodRight === 0) [good, goodTop, goodRight] = [last, top, at(middle, last) + reach(at(columns, last), px)];
    rows.push({ first, last: good, top: goodTop, right: goodRight });
    height += goodTop + m.ROW_GAP;
    first = good + 1;
  }
  return { rows, middle, floors, height: height - m.ROW_GAP + 0.4 };
}
