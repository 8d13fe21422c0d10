// How large the picture can be: the rows, the stand of mosaics and the level of labels that give the most pixels.

import type { Place } from "./columns";
import type { ViewGraph } from "./fold";
import { at, get } from "./list";
import { FIELD_OF_VIEW, LABEL_PX, PITCH, ROW_STEP } from "./measures";
import { columnsFor, wrap, type Column, type Wrapped } from "./shelf";
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
const WORTH: readonly number[] = [1, 0.85, 0.7, 0.42];
/** One row more must make the picture larger by this factor. */
const GAIN = 1.1;
const SHRINK = Math.cos((PITCH * Math.PI) / 180);
/** Nearer rows look larger; half of the growth of the last one is what the fit loses by it. */
const NEARER = (ROW_STEP * 0.5 * Math.tan((FIELD_OF_VIEW * Math.PI) / 360)) / 2;

function pxOf(level: Level): number {
  return level === 0 ? LABEL_PX : level === 3 ? 10 : LABEL_PX - 14;
}

/** The largest scale at which the columns fit into at most so many rows. */
function largest(columns: readonly Column[], rows: number, level: Level, { width, height }: Options, arcs: readonly boolean[]): number {
  let [low, high] = [0.05, height / 2];
  for (let i = 0; i < 22; i++) {
    const scale = Math.sqrt(low * high);
    const tried = wrap(columns, width / scale, 1 / scale, level, arcs);
    const tall = tried.height * SHRINK * scale * (1 + (NEARER * tried.rows.length) / Math.max(4, tried.height)) + tried.rows.length * pxOf(level);
    const wide = Math.max(...tried.rows.map((row) => row.right)) * scale;
    if (tried.rows.length <= rows && tall <= height && wide <= width * 1.001) low = scale;
    else high = scale;
  }
  return low;
}

/** The same rows, filled as evenly as can be. */
function balanced(columns: readonly Column[], rows: number, scale: number, level: Level, { width }: Options, arcs: readonly boolean[]): Wrapped {
  let [low, high] = [0, width / scale];
  for (let i = 0; i < 16; i++) {
    const limit = (low + high) / 2;
    const tried = wrap(columns, limit, 1 / scale, level, arcs);
    if (tried.rows.length <= rows && Math.max(...tried.rows.map((row) => row.right)) <= width / scale) high = limit;
    else low = limit;
  }
  return wrap(columns, high * 1.0001, 1 / scale, level, arcs);
}

export function choose(view: ViewGraph, places: ReadonlyMap<string, Place>, options: Options): Choice {
  const arcs: boolean[] = [];
  for (const { source, target } of view.links) {
    const [from, to] = [get(places, source), get(places, target)];
    if (from.lane === to.lane) for (let i = from.column + 1; i < to.column; i++) arcs[i] = true;
  }
  const stands = options.mosaics ? [false, true] : [false];
  const sizes = stands.map((upright) => new Map<string, Size>(view.nodes.map((node) => [node.id, options.sizeOf(node, upright)])));
  const tried: (Omit<Choice, "wrapped"> & { rows: number; worth: number })[] = [];
  for (const level of [0, 1, 2, 3] as const) {
    // A picture that nothing is gained in by saying less says as much as it can.
    if (level === 3 && tried.some((choice) => choice.scale > 12)) continue;
    stands.forEach((upright, i) => {
      const columns = columnsFor(view, places, at(sizes, i), options, level);
      const most = Math.max(options.phone ? 9 : 7, Math.ceil(Math.sqrt(columns.length)));
      let kept = { scale: 0, rows: 0 };
      for (let rows = 1; rows <= most; rows++) {
        const scale = largest(columns, rows, level, options, arcs);
        if (scale > kept.scale * (kept.rows ? GAIN ** Math.min(rows - kept.rows, 2) : 1)) kept = { scale, rows };
      }
      tried.push({ columns, level, upright, scale: kept.scale, rows: kept.rows, worth: kept.scale * at(WORTH, level) });
    });
  }
  const { columns, level, upright, scale, rows } = tried.reduce((best, choice) => (choice.worth > best.worth * 1.001 ? choice : best));
  return { columns, level, upright, scale, wrapped: balanced(columns, rows, scale, level, options, arcs) };
}
