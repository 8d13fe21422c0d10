// The kernels of all visible layers, read one after the other when they are first asked for.

import type { Weight } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { pacer } from "../bundle/pace";
import { plateOf, weightOf, type Plate } from "../forms/plates";
import type { ViewNode } from "../layout/fold";

export class Plates {
  readonly #plates = new Map<Weight, Plate>();
  #turn = 0;

  constructor(readonly report: Report, readonly came: () => void) {}

  of(node: Pick<ViewNode, "members">): Plate | undefined {
    const weight = weightOf(this.report, node.members);
    return weight && this.#plates.get(weight);
  }

  /** Resolves when the kernels of all these boxes are there, or others were asked for. */
  async load(nodes: readonly ViewNode[]): Promise<void> {
    const turn = ++this.#turn;
    const breathe = pacer();
    for (const node of nodes) {
      const weight = weightOf(this.report, node.members);
      if (!weight?.tensor || this.#plates.has(weight)) continue;
      const tensor = await this.report.tensor(weight.tensor);
      if (turn !== this.#turn) return;
      this.#plates.set(weight, plateOf(weight, tensor));
      this.came();
      await breathe();
    }
  }
}
