// What is under a place of the picture, and where in the picture a thing is.

import type { Report } from "../bundle/model";
import { LAST_CODE } from "../bundle/tensor";
import type { Cell, Grid } from "../forms/form";
import { cellAt, cellRect, quantOf } from "../forms/grid";
import { FORMS } from "../forms/index";
import { at } from "../layout/list";
import type { Placed, Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import type { Lens } from "./camera";
import type { Opened, OpenLayers } from "./opened";
import { isMean, thumbFace } from "./painter";
import type { Stand } from "./poses";
import { corners, meet, pointOn } from "./solid";
import type { Stock } from "./stock";

/** What is under a place of the window. */
export interface Under {
  /** The visible box. */
  readonly node: string;
  /** The node whose activation the box shows. */
  readonly shows: string;
  readonly channel: number | null;
  /** In stored order; empty where no cell is meant. */
  readonly index: readonly number[];
  readonly value: number | null;
  /** Whether the value is a mean over an area of the model's own map. */
  readonly reduced: boolean;
}

export interface Pointed {
  readonly under: Under;
  readonly cell: Cell | null;
}

export interface Index {
  readonly channel?: number;
  readonly y?: number;
  readonly x?: number;
}

export interface Face {
  readonly item: Placed;
  readonly pose: Pose;
  readonly grid: Grid;
  readonly opened: Opened | null;
}

/** CSS pixels within which a merge's disc is hit. */
const DISC = 10;
const GONE = 0.97;

export class Pointing {
  constructor(
    readonly report: Report,
    readonly stock: Stock,
    readonly open: OpenLayers,
    readonly stand: () => Stand,
    readonly lens: () => Lens,
  ) {}

  pose(id: string): { item: Placed; pose: Pose } | null {
    const { placed, poses } = this.stand();
    const i = placed.findIndex((item) => item.node.id === id);
    return i < 0 ? null : { item: at(placed, i), pose: at(poses, i) };
  }

  face(id: string, { sample }: ViewState): Face | null {
    const found = this.pose(id);
    if (!found) return null;
    const opened = this.open.get(id) ?? null;
    const activation = this.report.activation(sample, found.item.node.shows);
    const grid = opened?.grid ?? thumbFace(found.item.node, activation, found.pose, this.stock)?.grid;
    return grid ? { ...found, grid, opened } : null;
  }

  #hit(x: number, y: number): { item: Placed; u: number; v: number; front: boolean } | null {
    const lens = this.lens();
    const ray = lens.ray(x, y);
    const { placed, poses } = this.stand();
    let best: { item: Placed; u: number; v: number; front: boolean; distance: number } | null = null;
    for (const [i, item] of placed.entries()) {
      const pose = at(poses, i);
      if (pose.fade >= GONE) continue;
      if (item.glyph) {
        const spot = lens.project(pose);
        if (Math.hypot(spot.x - x, spot.y - y) < DISC) return { item, u: 0.5, v: 0.5, front: false };
        continue;
      }
      const hit = meet(ray, pose);
      if (hit && (best === null || hit.distance < best.distance)) best = { item, u: hit.u, v: hit.v, front: hit.side === "front", distance: hit.distance };
    }
    return best;
  }

  /** What is at a place in CSS pixels of the host. */
  under(x: number, y: number, state: ViewState): Pointed | null {
    const hit = this.#hit(x, y);
    if (!hit) return null;
    const { node } = hit.item;
    const none: Under = { node: node.id, shows: node.shows, channel: null, index: [], value: null, reduced: false };
    const face = hit.front && (node.role !== "stub" || this.open.get(node.id)) ? this.face(node.id, state) : null;
    const cell = face ? cellAt(face.grid, hit.u, hit.v) : null;
    if (!face || !cell || state.mode !== "activations") return { under: none, cell: null };
    const found = this.value(face, cell, state);
    return found ? { under: { ...none, channel: found.index[0] ?? null, ...found }, cell } : { under: none, cell: null };
  }

  /** What a cell of a face stands for; null where it has no value of its own, but a share in one of several. */
  value({ item: { node }, opened, grid }: Face, cell: Cell, state: ViewState): Pick<Under, "index" | "value" | "reduced"> & { readonly value: number } | null {
    const form = FORMS[node.form];
    if (opened) {
      const index = form.index(opened.tensor.shape, cell, grid);
      return { index, value: opened.tensor.at(...index), reduced: opened.reduced };
    }
    const activation = this.report.activation(state.sample, node.shows);
    const thumb = this.stock.tensor(activation?.thumb ?? null);
    if (!thumb || !activation?.tensor) return null;
    if (node.form === "row") return { index: [cell.map], value: thumb.at(0, 0, cell.map), reduced: false };
    // A thumbnail's cells are values of their own only where it shows the whole tensor.
    if (isMean(node, thumb) || shownShape(node, thumb.shape).join() !== activation.tensor.shape.join()) return null;
    const index = form.index(activation.tensor.shape, cell, grid);
    return { index, value: thumb.at(...thumbIndex(node, index)), reduced: activation.tensor.source !== null };
  }

  /** The middle of a box, or of a cell on its face, in CSS pixels of the host. */
  spot(id: string, index: Index, state: ViewState): { x: number; y: number } | null {
    const found = this.pose(id);
    if (!found) return null;
    const { item, pose } = found;
    const face = index.channel === undefined && index.y === undefined && index.x === undefined ? null : this.face(id, state);
    const rect = face ? cellRect(face.grid, cellOf(face, index)) : { left: 0.5, top: 0.5, width: 0, height: 0 };
    return this.lens().project(item.glyph ? pose : pointOn(pose, rect.left + rect.width / 2, rect.top + rect.height / 2));
  }

  bounds(id: string): { left: number; right: number; top: number; bottom: number } | null {
    const found = this.pose(id);
    if (!found) return null;
    const spots = corners(found.pose).map((point) => this.lens().project(point));
    const [xs, ys] = [spots.map((spot) => spot.x), spots.map((spot) => spot.y)];
    return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
  }
}

/** Where the colours of a cell's channel end, where each channel has a range of its own. */
export function ownEnd({ opened, grid }: Face, cell: Cell): number | null {
  const { scale, zero } = opened?.tensor ?? { scale: null, zero: null };
  const [unit, low] = [scale?.[quantOf(grid, cell)], zero?.[quantOf(grid, cell)]];
  return unit === undefined || low === undefined ? null : Math.max(Math.abs(low), Math.abs(low + LAST_CODE * unit)) || 1;
}

/** A sequence's thumbnail lies as it is drawn, time first; its tensor channel first. */
function shownShape({ form }: Placed["node"], shape: readonly number[]): readonly number[] {
  return form === "sequence" ? [at(shape, 2), at(shape, 1)] : shape;
}

function thumbIndex({ form }: Placed["node"], index: readonly number[]): readonly number[] {
  return form === "sequence" ? [0, at(index, 1), at(index, 0)] : index;
}

/** The cell of a face that shows an index; sequences run down, their channels across, or are curves to the right. */
function cellOf({ item, grid }: Face, { channel = 0, y = 0, x = 0 }: Index): Cell {
  if (item.node.form === "sequence") return grid.curves ? { map: channel, y: 0, x: y } : { map: 0, y, x: channel };
  if (item.node.form === "generic") return { map: 0, y: channel, x };
  return { map: channel, y, x };
}
