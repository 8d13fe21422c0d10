// The lines of the picture: those that stand as long as nothing is pointed at, and the few that follow the pointer.

import type { Report } from "../bundle/model";
import { rgb, TOKENS } from "../colour/tokens";
import { cellRect, rowRect } from "../forms/grid";
import { at } from "../layout/list";
import type { Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import type { Covers } from "./covers";
import { filtered } from "./dim";
import { discsOf, drawBoxes, drawMarks, drawWires, type Look } from "./ink";
import { marksOf, NO_MARKS, outlineOn } from "./origin";
import type { Placing } from "./placing";
import type { Pointed, Pointing } from "./pointing";
import type { Stage } from "./stage";
import type { Values } from "./values";
import type { Viewpoint } from "./viewpoint";
import type { Wedges } from "./wedges";

export class Strokes {
  constructor(
    readonly report: Report,
    readonly stage: Stage,
    readonly wedges: Wedges,
    readonly placing: Placing,
    readonly viewpoint: Viewpoint,
    readonly pointing: Pointing,
    readonly values: Values,
    readonly covers: Covers,
  ) {}

  #look(state: ViewState, hovered: string | null): Look {
    const { placing } = this;
    const chosen = state.mode === "attribution" ? this.covers.painter(state).chosen : null;
    const selected = new Set([placing.focus, state.selected, chosen].flatMap((id) => (id === null ? [] : [placing.boxOf(id)])));
    const arrived = placing.moving ? Math.max(0, placing.share * 2 - 1) : 1;
    return { theme: state.theme, hovered, selected, arrived, startOf: (id) => placing.startOf(id), dim: (item) => filtered(this.report, item, state) };
  }

  /** The lines of the picture, as they are when nothing is pointed at. */
  ink(poses: readonly Pose[], state: ViewState): void {
    const { placing: { stand: { placed }, arranged, focus }, stage: { lines } } = this;
    const look = this.#look(state, null);
    lines.clear();
    if (arranged) drawWires(lines, arranged.layout.wires, look, new Map(placed.map((item) => [item.node.id, item])));
    drawBoxes(lines, placed, poses, look, this.viewpoint.homeLens(), focus);
    lines.commit();
  }

  /** What is drawn anew with each move of the pointer: little, however large the model. */
  mark(over: Pointed | null, state: ViewState): void {
    const { placing, stage: { hot, marks, discs } } = this;
    const { placed } = placing.stand;
    const hovered = state.hovered === null ? null : placing.boxOf(state.hovered);
    const look = this.#look(state, hovered);
    hot.clear();
    const i = hovered === null ? -1 : placed.findIndex(({ node }) => node.id === hovered);
    if (i >= 0 && placing.arranged) {
      const near = placing.arranged.layout.wires.filter(({ source, target }) => source === hovered || target === hovered);
      drawWires(hot, near, look, new Map(placed.map((item) => [item.node.id, item])));
      drawBoxes(hot, [at(placed, i)], [placing.drawn(i, state)], look, this.viewpoint.homeLens(), placing.focus);
    }
    hot.commit();
    const glyphs = placed.flatMap(({ glyph }, index) => (glyph ? [index] : []));
    discs.set(discsOf(glyphs.map((index) => at(placed, index)), glyphs.map((index) => placing.drawn(index, state)), look));
    marks.clear();
    this.#onFace(over, state);
    marks.commit();
  }

  /** The cell that is meant, and what it came from. */
  #onFace(over: Pointed | null, state: ViewState): void {
    const { report, placing, pointing, stage: { marks } } = this;
    const id = over?.under.node ?? placing.focus;
    const found = id === null ? null : pointing.face(id, state);
    this.wedges.set([], [0, 0, 0]);
    if (!found || (found.opened === null && placing.focus !== null)) return;
    const hovered = over?.under.node === id ? over.cell : null;
    const channel = found.opened && state.selected !== null && placing.view.boxOf.get(state.selected) === id ? state.channel : null;
    const value = id === placing.focus ? this.values.of(found, over, state) : null;
    const cell = hovered ?? value?.cell ?? null;
    const from = value ? marksOf(report, placing.view, pointing, value.node, value.index, this.values.originOf(value, state), state) : NO_MARKS;
    drawMarks(marks, found.pose, found.grid, cell, channel, from, state.theme);
    if (!cell) return;
    const end = outlineOn(found.pose, cellRect(found.grid, cell));
    const row = found.item.node.form === "matrix" && value ? outlineOn(found.pose, rowRect(found.grid, cell)) : null;
    if (row) marks.add([...row, ...row.slice(0, 1)], rgb(TOKENS[state.theme].rf), 1.6);
    // Lines end at the cell's edge, so that its colour is seen.
    const { left, top, height } = cellRect(found.grid, cell);
    const edge = outlineOn(found.pose, { left, top: top + height * 0.42, width: 0, height: height * 0.16 });
    const wedges = from.picked.length > 1 ? from.picked.map((base) => [...base, ...edge]) : [...from.patches, ...from.picked].map((base) => [...base, ...end]);
    this.wedges.set(wedges, rgb(TOKENS[state.theme].rf));
  }
}
