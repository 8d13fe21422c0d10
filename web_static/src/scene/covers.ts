// What boxes wear: closed faces in one draw, opened ones in batches.

import type { Report } from "../bundle/model";
import { at } from "../layout/list";
import type { Placed, Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import { focusOf } from "./arrange";
import { SHEETS_WIDE } from "./faces";
import type { OpenLayers } from "./opened";
import { Painter, sheetColours } from "./painter";
import type { Placing } from "./placing";
import type { Plates } from "./plates";
import type { Stage } from "./stage";
import type { Supply } from "./supply";

export class Covers {
  #stocked = -1;

  constructor(
    readonly report: Report,
    readonly stage: Stage,
    readonly placing: Placing,
    readonly supply: Supply,
    readonly open: OpenLayers,
    readonly plates: Plates,
  ) {}

  painter(state: ViewState): Painter {
    return new Painter(this.report, state, this.supply.stock, (id) => this.placing.startOf(id), this.plates);
  }

  paint(state: ViewState): void {
    const { stage, supply: { stock } } = this;
    const { placed, poses } = this.placing.goal;
    const painter = this.painter({ ...state, sample: this.supply.sample(state) });
    const paints = placed.map((item, i) => painter.paint(item.node, at(poses, i)));
    if (this.#stocked !== stock.version) {
      stage.faces.data(stock.codes(), stock.pairs());
      this.#stocked = stock.version;
    }
    stage.faces.heat(state.mode === "attribution");
    stage.faces.paint(paints, sheetColours(placed.map((item) => item.node), paints, state.theme, SHEETS_WIDE));
    const goals = this.placing.goals();
    this.open.refresh(state, (id) => goals.get(id), (id) => this.placing.startOf(id));
  }

  /** Puts every face where its box is. */
  move(placed: readonly Placed[], poses: readonly Pose[]): void {
    const hidden = (box: number): boolean => this.open.get(at(placed, box).node.id) !== undefined;
    this.stage.faces.move(placed.map((item, i) => (item.glyph ? { ...at(poses, i), fade: 1 } : at(poses, i))), hidden);
    const byId = new Map(placed.map((item, i) => [item.node.id, poses[i]]));
    this.open.move((id) => byId.get(id));
  }

  /** Opens what the state wants open. */
  async openUp(state: ViewState): Promise<void> {
    const { open, sample, mode } = state;
    const { view } = this.placing;
    const focus = focusOf(state, view);
    const boxes = new Set([...open].map((id) => this.placing.boxOf(id)));
    const pictures = new Set(this.report.sample(sample)?.pictures.map(({ node }) => node));
    const nodes = mode !== "activations" ? [] : (this.placing.arranged?.layout.placed ?? []).filter(({ node, glyph }) => {
      const stub = node.role === "stub" && !node.folded;
      return boxes.has(node.id) && !glyph && (!stub || node.id === focus) && !(focus !== null && pictures.has(node.shows));
    }).map(({ node }) => node);
    const goals = this.placing.goals();
    await this.open.show(nodes, sample, (id) => goals.get(id));
  }
}
