// What a layer knows, as a map: a small one in the panel, which opens as a large one that can be zoomed.

import type { Atlas } from "../../bundle/manifest.gen";
import type { Report } from "../../bundle/model";
import type { Tensor } from "../../bundle/tensor";
import { countText, plural } from "../../words/format";
import { button, el } from "../dom";
import { drawPixels, pictureRgba } from "../picture";
import { pictureAt } from "./features";
import { pannable } from "./pannable";

/** The whole map on one canvas; cells without a picture stay clear. */
export function drawMap(atlas: Atlas, tensor: Tensor): HTMLCanvasElement {
  const [, height = 1, width = 1] = tensor.shape;
  const whole = el("canvas", { "aria-hidden": "true" });
  [whole.width, whole.height] = [atlas.cells * width, atlas.cells * height];
  const context = whole.getContext("2d");
  const tile = el("canvas");
  atlas.places.forEach(([row = 0, column = 0], i) => {
    const drawn = pictureRgba(pictureAt(tensor, i));
    drawPixels(tile, drawn.width, drawn.height, drawn.pixels);
    context?.drawImage(tile, column * width, row * height);
  });
  return whole;
}

/** What is told of the cell at a place of the map (0..1 across and down). */
export function toldAt(atlas: Atlas, x: number, y: number): string | null {
  const [row, column] = [Math.floor(y * atlas.cells), Math.floor(x * atlas.cells)];
  const at = atlas.places.findIndex(([r, c]) => r === row && c === column);
  return at < 0 ? null : `${atlas.labels[at] ?? ""}: ${plural(atlas.counts[at] ?? 0, "input")}`;
}

const KEYS = "Wheel, pinch or + and − zoom; drag or arrow keys move; 0 shows all.";

function large(atlas: Atlas, map: HTMLCanvasElement, name: string): HTMLDialogElement {
  const told = el("p.told", { "aria-live": "polite" }, KEYS);
  const view = pannable(map, `Activation atlas of ${name}`, (x, y) => {
    told.textContent = toldAt(atlas, x, y) ?? KEYS;
  });
  const dialog = el("dialog.atlas", { "aria-label": `Activation atlas of ${name}` });
  const shut = button("✕", () => dialog.close(), { className: "icon", label: "Close the atlas" });
  dialog.append(el("header", {}, el("h2", {}, `What ${name} knows`), el("span.aside", {}, `${countText(atlas.seen)} inputs`), shut), view.element, told);
  // Keys are the map's; the page behind it rests.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  view.home();
  view.element.focus();
  return dialog;
}

export function atlasSection(report: Report, atlas: Atlas, name: string): HTMLElement {
  const open = el("button.map", { type: "button", "aria-label": `Open the activation atlas of ${name}`, title: "Open the atlas", disabled: true });
  const box = el("section.atlas", {}, el("h3", {}, "Activation atlas", el("span.aside", {}, `${countText(atlas.seen)} inputs`)), open, el("p.note", {}, atlas.how));
  report.tensor(atlas.pictures).then(
    (tensor) => {
      const map = drawMap(atlas, tensor);
      open.append(map);
      open.disabled = false;
      open.addEventListener("click", () => large(atlas, drawMap(atlas, tensor), name));
    },
    () => open.replaceWith(el("p.note", {}, "This atlas could not be read from the file.")),
  );
  return box;
}
