// The value that the person means on the face of the opened layer, and the sum behind it.

import type { NodeInfo } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import type { Cell } from "../forms/form";
import { beside, position } from "../forms/grid";
import { FORMS } from "../forms/index";
import { chainOf, type Origin } from "../origin/explain";
import { cellOf } from "../origin/onface";
import { ravel, toStored } from "../origin/places";
import { told } from "../origin/told";
import { readCell, writeCell } from "../state/cell";
import type { ViewState } from "../state/store";
import { isPicked, ownIndex } from "./origin";
import type { Face, Pointed } from "./pointing";

/** A value of the opened layer, by its own index and the cell that shows it. */
export interface Valued {
  readonly node: NodeInfo;
  readonly index: readonly number[];
  readonly cell: Cell;
}

export class Values {
  /** The sum that was last worked out for the scene, and the cell that one is being worked out for. */
  #sum: { readonly key: string; readonly origin: Origin | null } | null = null;
  #summing = "";

  /** `came` is called when a sum has been worked out. */
  constructor(readonly report: Report, readonly came: () => void) {}

  /** The value that is hovered in the opened layer, else the chosen one. */
  of(face: Face, pointed: Pointed | null, { cell: text }: ViewState): Valued | null {
    const node = this.report.node(face.item.node.shows);
    const { opened } = face;
    if (!node || !opened) return null;
    const under = pointed?.under;
    if (under?.node === face.item.node.id && pointed?.cell && under.index.length > 0) {
      return { node, index: ownIndex(node, under.index, opened.tensor.shape, opened.source), cell: pointed.cell };
    }
    const chosen = text === null ? null : readCell(text);
    if (chosen?.node !== node.id || chosen.index.length !== node.shape.length) return null;
    const { shape } = opened.tensor;
    const full = toStored(node, chosen.index, opened.source ?? shape);
    const place = full.map((at, axis) => Math.floor((at / (opened.source?.[axis] ?? shape[axis] ?? 1)) * (shape[axis] ?? 1)));
    const cell = cellOf(opened.grid, ravel(place, shape));
    // A face of one slice does not show those of others.
    return position(opened.grid, cell) === ravel(place, shape) ? { node, index: chosen.index, cell } : null;
  }

  /** The index of the cell beside a value's, by cells and by maps; null beyond the face. */
  beside({ item, opened }: Face, { node, cell }: Valued, right: number, down: number, maps: number): { readonly index: readonly number[]; readonly channel: number | null } | null {
    const next = opened && beside(opened.grid, cell, right, down, maps);
    if (!opened || !next) return null;
    const index = FORMS[item.node.form].index(opened.tensor.shape, next, opened.grid);
    return { index: ownIndex(node, index, opened.tensor.shape, opened.source), channel: index[0] ?? null };
  }

  /** The sum behind a value, once it has been worked out; asked for where it pays to draw it, or the card does so. */
  originOf({ node, index }: Valued, { sample }: ViewState): Origin | null {
    const key = `${sample} ${writeCell({ node: node.id, index })}`;
    if (this.#sum?.key === key) return this.#sum.origin;
    const lead = chainOf(this.report, node)[0] ?? node;
    if (this.#summing === key || !isPicked(this.report, lead.id)) return null;
    this.#summing = key;
    told(this.report, sample, node.id, index).then((origin) => {
      if (this.#summing !== key) return;
      this.#sum = { key, origin };
      this.came();
      // A blob that cannot be had is told by who opened the bundle.
    }).catch(() => undefined);
    return null;
  }
}
