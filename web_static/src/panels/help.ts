// The help dialog: what can be done here, by mouse, touch and keys.

import { button, el } from "./dom";

const KEYS: readonly (readonly [string, string])[] = [
  ["?", "this help"],
  ["/", "find a layer"],
  ["← →", "go to the layer before or after, along the links"],
  ["↑ ↓", "move in the list; with a layer open, go from branch to branch"],
  ["Enter", "open what is marked in the list; with a layer open, tell where its largest value comes from"],
  ["← → ↑ ↓", "with a cell chosen, go to the cell beside it; PgUp, PgDn: to the same cell of the next channel"],
  ["space", "play the forward pass, or pause it"],
  ["o", "open all layers, or close them again"],
  ["Home", "see the whole model"],
  ["+ −", "zoom"],
  ["1 … 9", "choose a sample"],
  ["t", "light or dark"],
  ["Esc", "close, step by step"],
];

const MOVES: readonly (readonly [string, string])[] = [
  ["Hover", "name, shape and value under the pointer"],
  ["Click", "open a layer and fly there; click a cell of it for where its value comes from, beside it to go back"],
  ["Drag", "turn the scene"],
  ["Right drag, two fingers", "move it"],
  ["Wheel, pinch", "zoom"],
];

function list(rows: readonly (readonly [string, string])[]): HTMLElement {
  const grid = el("dl.keys");
  for (const [key, what] of rows) grid.append(el("dt", {}, el("kbd", {}, key)), el("dd", {}, what));
  return grid;
}

export interface Help {
  readonly element: HTMLDialogElement;
  readonly toggle: () => void;
}

/** `facts`: lines about this file, such as versions and what was reduced. */
export function help(facts: readonly string[]): Help {
  const element = el("dialog.help", { "aria-labelledby": "tv-help-title" });
  const closeButton = button("✕", () => element.close(), { className: "icon", label: "Close help" });
  element.append(
    el("header", {}, el("h2", { id: "tv-help-title" }, "How to use this page"), closeButton),
    list(MOVES),
    el("h3", {}, "Keys"),
    list(KEYS),
    el("h3", {}, "This file"),
    ...facts.map((fact) => el("p.note", {}, fact)),
  );
  // A click on the backdrop lands on the dialog itself.
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close();
  });
  return { element, toggle: () => (element.open ? element.close() : element.showModal()) };
}
