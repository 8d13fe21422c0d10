// The phone's sheet: one panel at a time below the scene. On wider windows the style sheet hides it.

import type { Report } from "../bundle/model";
import { chooseMethod, chooseTab } from "../state/actions";
import type { SheetTab, Store } from "../state/store";
import { button, el, stepByArrows, watch } from "./dom";
import { predictionList } from "./prediction";

const TABS: readonly (readonly [SheetTab, string])[] = [
  ["result", "Result"],
  ["layers", "Layers"],
  ["layer", "Layer"],
  ["heat", "Heat map"],
];
const DRAG = 24;
const MOST_CLASSES = 5;

/** The handle and the tabs. `root` gets data-tab and data-sheet, which the style sheet reads. */
export function sheet(root: HTMLElement, store: Store): HTMLElement {
  const handle = button("", () => grow(root.dataset["sheet"] !== "high"), { className: "handle", label: "Make the sheet larger or smaller" });
  const tabs = el("div.tabs", { role: "tablist", "aria-label": "Panels" });
  const element = el("div.sheet", {}, handle, tabs);
  function grow(high: boolean): void {
    root.dataset["sheet"] = high ? "high" : "low";
    handle.setAttribute("aria-expanded", String(high));
  }
  grow(false);
  const buttons = TABS.map(([tab, text]) => {
    const item = button(text, () => {
      // A heat map that cannot be seen in the scene would puzzle.
      if (tab === "heat" && store.get().mode !== "attribution") chooseMethod(store, store.get().method);
      chooseTab(store, tab);
    }, { attributes: { role: "tab" } });
    return item;
  });
  tabs.append(...buttons);
  stepByArrows(tabs, buttons);
  let start: number | null = null;
  handle.addEventListener("pointerdown", (event) => {
    start = event.clientY;
    handle.setPointerCapture(event.pointerId);
  });
  handle.addEventListener("pointermove", (event) => {
    if (start === null || Math.abs(event.clientY - start) < DRAG) return;
    grow(event.clientY < start);
    start = null;
  });
  watch(store, (s) => [s.panels.tab], ({ panels }) => {
    root.dataset["tab"] = panels.tab;
    TABS.forEach(([tab], i) => {
      const chosen = tab === panels.tab;
      buttons[i]?.setAttribute("aria-selected", String(chosen));
      if (buttons[i]) buttons[i].tabIndex = chosen ? 0 : -1;
    });
  });
  return element;
}

/** The phone's first tab: samples, and what the model says about the chosen one. */
export function result(report: Report, store: Store, strip: HTMLElement, play: HTMLElement): HTMLElement {
  const said = el("div");
  const element = el("section.result", { "aria-label": "Result" });
  if (report.manifest.samples.length > 0) element.append(el("div.first", {}, strip, play), said);
  else element.append(el("p.note", {}, "Architecture only: export with an input to see what each layer computes."));
  const shapeOf = (node: string): readonly number[] => report.node(node)?.shape ?? [];
  watch(store, (s) => [s.sample], ({ sample }) => {
    said.replaceChildren(predictionList(report.sample(sample)?.predictions ?? [], shapeOf, MOST_CLASSES));
  });
  return element;
}
