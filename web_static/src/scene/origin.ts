// Where the hovered value comes from: the patches of the layer before, as they are drawn on its face.

import type { Report } from "../bundle/model";
import type { Cell } from "../forms/form";
import { tileRect, type Rect } from "../forms/grid";
import { patchOf } from "../forms/patch";
import type { ViewGraph } from "../layout/fold";
import type { Point, Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import type { Face, Pointing } from "./pointing";
import { pointOn } from "./solid";

/** More maps than this are a haystack; then none is drawn. */
const MOST = 64;

export function outlineOn(pose: Pose, { left, top, width, height }: Rect): Point[] {
  return [[left, top], [left + width, top], [left + width, top + height], [left, top + height]].map(([u = 0, v = 0]) => pointOn(pose, u, v));
}

/** Outlines of the patches that a cell of an opened layer was worked out from; none where that isn't known. */
export function origins(report: Report, view: ViewGraph, pointing: Pointing, face: Face, cell: Cell, state: ViewState): Point[][] {
  const { node } = face.item;
  const lead = node.folded ? undefined : report.node(node.members[0] ?? "");
  const inputs = view.links.filter((link) => link.target === node.id);
  const before = inputs.length === 1 ? pointing.face(inputs[0]?.source ?? "", state) : null;
  const [input, output] = [before?.item.node.stored ?? [], node.stored];
  if (!lead || !before || input.length !== 3 || output.length !== 3 || before.item.glyph) return [];
  const [, inHeight = 1, inWidth = 1] = input;
  const [, height = 1, width = 1] = output;
  // Where maps were reduced a cell stands for an area; its middle is what counts.
  const place = { y: Math.floor(((cell.y + 0.5) / face.grid.height) * height), x: Math.floor(((cell.x + 0.5) / face.grid.width) * width) };
  const patch = patchOf(lead, [inHeight, inWidth], [height, width], place);
  if (!patch) return [];
  const picture = report.sample(state.sample)?.pictures.some((item) => item.node === before.item.node.shows) ?? false;
  const whole: Rect = { left: 0, top: 0, width: 1, height: 1 };
  const maps = picture || before.grid.maps === 1 ? [whole] : tiles(before, patch.deep ? null : cell.map);
  return maps.map((tile) => outlineOn(before.pose, {
    left: tile.left + (patch.left / inWidth) * tile.width, top: tile.top + (patch.top / inHeight) * tile.height,
    width: (patch.width / inWidth) * tile.width, height: (patch.height / inHeight) * tile.height,
  }));
}

function tiles({ grid }: Face, only: number | null): Rect[] {
  if (only !== null) return only < grid.maps ? [tileRect(grid, only)] : [];
  return grid.maps > MOST ? [] : Array.from({ length: grid.maps }, (_, map) => tileRect(grid, map));
}
