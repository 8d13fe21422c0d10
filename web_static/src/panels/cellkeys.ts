// Keys for the cell whose origin is told: Enter chooses one and leads into its card, arrows move it, Escape lets it go.

import type { Report } from "../bundle/model";
import { toOwn, unravel } from "../origin/places";
import { chooseCell } from "../state/actions";
import { readCell } from "../state/cell";
import type { Store } from "../state/store";
import { valuesOf } from "./picture";
import { faceOf } from "./subject";

/** By cells to the right and down, and by maps. */
type Move = (right: number, down: number, maps: number) => void;

const MOVES: Readonly<Record<string, readonly [number, number, number]>> = {
  ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], PageUp: [0, 0, -1], PageDown: [0, 0, 1],
};

/** The largest value of the opened layer, in the chosen channel where there is one. */
export async function strongest(report: Report, store: Store): Promise<void> {
  const { selected, sample, unfolded, channel } = store.get();
  const id = selected === null ? null : faceOf(report, selected, unfolded);
  const node = id === null ? undefined : report.node(id);
  const ref = node && report.activation(sample, node.id)?.tensor;
  if (!node || !ref || selected === null) return;
  const tensor = await report.tensor(ref);
  const values = valuesOf(tensor);
  const each = values.length / (tensor.shape[0] ?? 1);
  const [from, to] = channel === null || channel >= (tensor.shape[0] ?? 1) ? [0, values.length] : [channel * each, (channel + 1) * each];
  let best = from;
  for (let i = from; i < to; i++) if ((values[i] ?? -Infinity) > (values[best] ?? -Infinity)) best = i;
  const full = ref.source ?? tensor.shape;
  const stored = unravel(best, tensor.shape).map((place, axis) => Math.floor(((place + 0.5) / (tensor.shape[axis] ?? 1)) * (full[axis] ?? 1)));
  if (store.get().selected !== selected) return;
  chooseCell(store, selected, { node: node.id, index: toOwn(node, stored, full) }, stored[0] ?? null);
}

/** Listens before the page's other keys do, and keeps from them what it has used. */
export function cellKeys(report: Report, store: Store, move: Move): void {
  const chosen = (): boolean => {
    const { cell, selected, open, unfolded, mode } = store.get();
    if (cell === null || selected === null || mode !== "activations" || !open.has(selected)) return false;
    return readCell(cell)?.node === faceOf(report, selected, unfolded);
  };
  document.addEventListener("keydown", (event) => {
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target?.closest("input, textarea, select, dialog[open], [role=menu], [role=tree], [role=tablist], [role=radiogroup]")) return;
    const by = MOVES[event.key];
    if (by && chosen()) {
      event.preventDefault();
      move(...by);
    } else if (event.key === "Escape" && chosen()) {
      event.preventDefault();
      store.set({ cell: null });
    } else if (event.key === "Enter" && !target?.closest("button, a, summary")) {
      const { selected, open } = store.get();
      if (chosen()) document.querySelector<HTMLElement>(".origin-card")?.focus();
      else if (selected !== null && open.has(selected)) void strongest(report, store);
      else return;
      event.preventDefault();
    }
  });
}
