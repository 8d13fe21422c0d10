// Where the chosen or hovered value comes from, as it is drawn on the faces of the layers before.

import type { NodeInfo } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import type { Rect } from "../forms/grid";
import type { ViewGraph } from "../layout/fold";
import type { Point, Pose } from "../layout/types";
import type { Origin } from "../origin/explain";
import { fieldOf } from "../origin/field";
import { rectsOf } from "../origin/onface";
import { toOwn, type Index } from "../origin/places";
import { regionsOf, seenThrough } from "../origin/regions";
import type { ViewState } from "../state/store";
import type { Face, Pointing } from "./pointing";
import { pointOn } from "./solid";

/** Strongest inputs that are drawn as lines. */
const STRONGEST = 8;
/** Rules whose strongest inputs are worth a line, or a mark. */
const PICKED: ReadonlySet<string> = new Set(["max", "dense", "maximum", "minimum", "attend", "embedding"]);

export interface Marks {
  /** Outlines, each the base of a wedge. */
  readonly patches: readonly (readonly Point[])[];
  /** Outlines of single values that count most. */
  readonly picked: readonly (readonly Point[])[];
  /** What the value can see of the model's input. */
  readonly frame: readonly (readonly Point[])[];
}

export const NO_MARKS: Marks = { patches: [], picked: [], frame: [] };

export function outlineOn(pose: Pose, { left, top, width, height }: Rect): Point[] {
  return [[left, top], [left + width, top], [left + width, top + height], [left, top + height]].map(([u = 0, v = 0]) => pointOn(pose, u, v));
}

/** Whether it pays to work the sum out only to draw lines. */
export function isPicked(report: Report, node: string): boolean {
  return PICKED.has(report.node(node)?.rule?.name ?? "");
}

/** The model's own index of a stored one; where maps were reduced, of the middle of the area. */
export function ownIndex(node: NodeInfo, index: Index, stored: readonly number[], source: readonly number[] | null): number[] {
  const full = source ?? stored;
  return toOwn(node, index.map((place, axis) => Math.min((full[axis] ?? 1) - 1, Math.floor(((place + 0.5) / (stored[axis] ?? 1)) * (full[axis] ?? 1)))), full);
}

/** All marks for a value of an opened layer. `origin` where its sum has been worked out. */
export function marksOf(report: Report, view: ViewGraph, pointing: Pointing, shown: NodeInfo, index: Index, origin: Origin | null, state: ViewState): Marks {
  const pictures = new Set(report.sample(state.sample)?.pictures.map((item) => item.node));
  const on = (id: string, from: Index, to: Index): Point[][] => {
    const node = report.node(id);
    const face = faceOf(view, pointing, id, state);
    return node && face ? rectsOf(node, face.grid, pictures.has(id), from, to).map((rect) => outlineOn(face.pose, rect)) : [];
  };
  const terms = origin?.parts[0]?.sum?.terms ?? [];
  const strongest = [...terms].sort((a, b) => Math.abs(b.part.value) - Math.abs(a.part.value)).slice(0, STRONGEST);
  const picked = isPicked(report, origin?.parts[0]?.node.id ?? "")
    ? strongest.flatMap(({ spot }) => {
      if (!spot) return [];
      const { node, index: at } = seenThrough(report, spot.node, spot.index);
      return on(node, at, at.map((place) => place + 1));
    })
    : [];
  const regions = regionsOf(report, shown, index);
  const field = fieldOf(report, shown, index);
  const direct = field === null || regions.some(({ node }) => node === field.node);
  return {
    // Where lines to the strongest are drawn, a wedge to all of them would hide those.
    patches: picked.length > 1 ? [] : regions.flatMap(({ node, from, to }) => on(node, from, to)),
    picked,
    frame: direct || field.whole ? [] : on(field.node, field.from, field.to),
  };
}

function faceOf(view: ViewGraph, pointing: Pointing, id: string, state: ViewState): Face | null {
  const face = pointing.face(view.boxOf.get(id) ?? id, state);
  return face?.item.node.shows === id && !face.item.glyph ? face : null;
}
