// What a person can do, in one place for mouse, keys, tree and the page's API.

import type { Report } from "../bundle/model";
import { writeCell, type CellAt } from "./cell";
import type { SheetTab, Store, ViewState } from "./store";

const NOTHING: ReadonlySet<string> = new Set();

/** Opens a layer or block: the camera flies there, all channels are shown, the inspector tells about it. */
export function choose(store: Store, id: string): void {
  store.set({ selected: id, open: new Set([id]), channel: null, cell: null });
}

/** Shows where a value comes from; its layer is opened where it isn't. `box` is what stands for the node in the scene. */
export function chooseCell(store: Store, box: string, cell: CellAt, channel: number | null): void {
  const { selected, open } = store.get();
  const there = selected === box && open.size === 1 && open.has(box);
  store.set({ cell: writeCell(cell), channel, ...(there ? {} : { selected: box, open: new Set([box]) }) });
}

/** Back to the whole model. */
export function close(store: Store): void {
  store.set({ selected: null, open: NOTHING, channel: null, cell: null });
}

export function chooseTab(store: Store, tab: SheetTab): void {
  store.set({ panels: { ...store.get().panels, tab } });
}

export function chooseSample(store: Store, report: Report, sample: number): void {
  if (sample < 0 || sample >= report.manifest.samples.length) return;
  const { method, target } = store.get();
  // A class that this sample was not explained for falls back to its own best class.
  const kept = report.manifest.attributions.some(
    (item) => item.sample === sample && item.method === method && item.target === target,
  );
  store.set({ sample, target: kept ? target : null });
}

export function chooseKernels(store: Store): void {
  store.set({ mode: "kernels" });
}

/** What channels look for, on the faces of the layers that it was asked of. */
export function chooseFeatures(store: Store): void {
  store.set({ mode: "features" });
}

export function chooseMethod(store: Store, method: string | null): void {
  if (method === null) store.set({ mode: "activations" });
  else store.set({ mode: "attribution", method, heatLayer: null, panels: { ...store.get().panels, right: true, tab: "heat" } });
}

export function toggleTheme(store: Store): void {
  store.set({ theme: store.get().theme === "dark" ? "light" : "dark" });
}

export function toggle<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(item)) next.add(item);
  return next;
}

/** What follows from a change, whoever made it. */
export function keepRules(store: Store): void {
  store.subscribe((state: ViewState, before: ViewState) => {
    if (state.mode !== before.mode && state.selected === null) {
      store.set({ panels: { ...state.panels, tab: state.mode === "attribution" ? "heat" : "result" } });
    }
    if (state.selected === before.selected) return;
    // Another layer has another depth.
    if (state.slice !== null && state.slice === before.slice) store.set({ slice: null });
    if (state.selected === null) {
      if (state.panels.tab === "layer") store.set({ panels: { ...state.panels, tab: state.mode === "attribution" ? "heat" : "result" } });
    } else {
      store.set({ hint: false, panels: { ...state.panels, right: true, tab: "layer" } });
    }
  });
}
