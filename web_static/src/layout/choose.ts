// How large the picture can be: the rows, the stand of mosaics and the level of labels that give the most pixels.

import type { Place } from "./columns";
import type { ViewGraph } from "./fold";
import { at, get } from "./list";
import { FIELD_OF_VIEW, labelRoom, PITCH, ROW_STEP } from "./measures";
import { columnsFor, labelled, runsOf, wrap, type Column, type Run, type Wrapped } from "./shelf";
import type { Level, Options, Size } from "./types";

export interface Choice {
  readonly columns: readonly Column[];
  readonly wrapped: Wrapped;
  readonly level: Level;
  readonly upright: boolean;
  /** CSS pixels for a scene unit. */
  readonly scale: number;
}

/** What a level of labels may cost: more text is worth a smaller picture, up to a point. */
const WORTH = { wide: [1, 0.85, 0.7, 0.36], phone: [0.7, 0.9, 1, 0.45] } as const;
/** One row more must make the picture larger by this factor. */
const GAIN = 1.05;
const SHRINK = Math.cos((PITCH * Math.PI) / 180);
/** Nearer rows look larger; half of the growth of the last one is what the fit loses by it. */
const NEARER = (ROW_STEP * 0.5 * Math.tan((FIELD_OF_VIEW * Math.PI) / 360)) / 2;

interface Tries {
  readonly columns: readonly Column[];
  readonly runs: readonly Run[];
  readonly level: Level;
  readonly options: Options;
  /** Columns that an arc passes. */
  readonly arcs: readonly boolean[];
}

/** How many rows the columns take at a scale; null where that is more than there is room for. */
function rowsAt({ columns, runs, level, options, arcs }: Tries, scale: number): number | null {
  const { width, height } = options;
  const { rows, height: units } = wrap(columns, runs, width / scale, 1 / scale, level, arcs);
  const tall = units * SHRINK * scale * (1 + (NEARER * rows.length) / Math.max(4, units)) + rows.length * labelRoom(level);
  const wide = rows.every((row) => row.right * scale <= width * 1.001);
  return tall <= height && wide ? rows.length : null;
}

/** The largest scale with at most so many rows, between two scales of which the lower one is known to do. */
function largest(tries: Tries, most: number, from: number, to: number, steps: number): { scale: number; rows: number } {
  let [low, high, used] = [from, to, most];
  for (let i = 0; i < steps; i++) {
    const scale = Math.sqrt(low * high);
    const rows = rowsAt(tries, scale);
    if (rows !== null && rows <= most) [low, used] = [scale, rows];
    else high = scale;
  }
  return { scale: low, rows: used };
}

/** The same rows, filled as evenly as can be. */
function balanced({ columns, runs, level, options: { width }, arcs }: Tries, rows: number, scale: number): Wrapped {
  let [low, high] = [0, width / scale];
  for (let i = 0; i < 12; i++) {
    const limit = (low + high) / 2;
    const tried = wrap(columns, runs, limit, 1 / scale, level, arcs);
    if (tried.rows.length <= rows && Math.max(...tried.rows.map((row) => row.right)) <= width / scale) high = limit;
    else low = limit;
  }
  return wrap(columns, runs, high * 1.0001, 1 / scale, level, arcs);
}

/** As few rows as come near the largest picture. */
function rowsAndScale(tries: Tries, most: number): { scale: number; rows: number } {
  let kept = largest(tries, most, 0.05, tries.options.height / 2, 15);
  while (kept.rows > 1) {
    const fewer = rowsAt(tries, kept.scale / GAIN);
    if (fewer === null || fewer >= kept.rows) break;
    kept = largest(tries, fewer, kept.scale / GAIN, kept.scale, 6);
  }
  return kept;
}

/** Where boxes are small already, size counts for more than text. */
const SMALL = { wide: 24, phone: 14 } as const;

function worthOf(scale: number, level: Level, phone: boolean): number {
  const window = phone ? "phone" : "wide";
  return scale * WORTH[window][level] * Math.min(1, scale / SMALL[window]);
}

/** The scale that has a worth. */
function scaleFor(worth: number, level: Level, phone: boolean): number {
  const window = phone ? "phone" : "wide";
  const scale = worth / WORTH[window][level];
  return scale >= SMALL[window] ? scale : Math.sqrt(scale * SMALL[window]);
}

interface Best {
  readonly tries: Tries;
  readonly upright: boolean;
  readonly scale: number;
  readonly rows: number;
  readonly worth: number;
}

export function choose(view: ViewGraph, places: ReadonlyMap<string, Place>, options: Options): Choice {
  const arcs: boolean[] = [];
  for (const { source, target } of view.links) {
    const [from, to] = [get(places, source), get(places, target)];
    if (from.lane === to.lane) for (let i = from.column + 1; i < to.column; i++) arcs[i] = true;
  }
  const stands = options.mosaics ? [false, true] : [false];
  const sizes = stands.map((upright) => new Map<string, Size>(view.nodes.map((node) => [node.id, options.sizeOf(node, upright)])));
  const bare = sizes.map((size) => columnsFor(view, places, size, options));
  const runs = bare.map((columns) => runsOf(columns));
  let best: Best | null = null;
  for (const level of [0, 1, 2, 3] as const) {
    for (const [i, upright] of stands.entries()) {
      const columns = labelled(at(bare, i), options, level, view.nodes.length);
      const tries: Tries = { columns, runs: at(runs, i), level, options, arcs };
      // One look is enough where it cannot win.
      if (best !== null && rowsAt(tries, scaleFor(best.worth * 1.001, level, options.phone)) === null) continue;
      const { scale, rows } = rowsAndScale(tries, Math.max(options.phone ? 9 : 7, Math.ceil(Math.sqrt(columns.length))));
      const worth = worthOf(scale, level, options.phone);
      if (best === null || worth > best.worth) best = { tries, upright, scale, rows, worth };
    }
  }
  if (best === null) throw new RangeError("a picture should have at least one way to stand, but none was tried");
  const { tries, upright, scale, rows } = best;
  return { columns: tries.columns, level: tries.level, upright, scale, wrapped: balanced(tries, rows, scale) };
}
