// The faces whose cells may be large enough to have their numbers written in them.

import type { Report } from "../bundle/model";
import { colourOf, shownRange } from "../colour/value";
import { at } from "../layout/list";
import type { ViewState } from "../state/store";
import type { Lens } from "./camera";
import type { Numbered } from "./numbers";
import type { OpenLayers } from "./opened";
import { ownEnd, type Pointing } from "./pointing";
import type { Stand } from "./poses";

/** CSS pixels of area without which no cell has a number. */
const SMALLEST = 350;

export function numbered(report: Report, { placed, poses }: Stand, open: OpenLayers, pointing: Pointing, lens: Lens, state: ViewState): Numbered[] {
  if (state.mode !== "activations" || state.wave !== null) return [];
  const pictures = new Set(report.sample(state.sample)?.pictures.map(({ node }) => node));
  return placed.flatMap(({ node, glyph }, i) => {
    const pose = at(poses, i);
    const bare = glyph || pose.fade > 0.3 || (open.get(node.id) === undefined && (node.role === "stub" || pictures.has(node.shows)));
    const area = pose.width * pose.height * lens.scaleAt(pose) ** 2;
    if (bare || node.stored.reduce((product, side) => product * side, SMALLEST) > area) return [];
    const face = pointing.face(node.id, state);
    const summary = report.activation(state.sample, node.shows)?.summary;
    if (!face || !summary || face.grid.curves) return [];
    const range = shownRange(state, summary);
    return [{
      node: node.id, pose, grid: face.grid, at: (cell) => pointing.value(face, cell, state),
      colour: (value, cell) => colourOf(value, state.range === "channel" ? { ...range, high: ownEnd(face, cell) ?? range.high } : range, state.theme),
    }];
  });
}
