// The model without 3D: every layer as a card with its map, for browsers that have no WebGL2.

import type { Activation } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import type { Tensor } from "../bundle/tensor";
import { shownRange } from "../colour/value";
import { viewGraph } from "../layout/fold";
import { choose } from "../state/actions";
import type { Store, ViewState } from "../state/store";
import { el, swatch, watch } from "./dom";
import { shapeText } from "../words/format";
import { drawPicture, drawPlane, valuesOf } from "./picture";
import { predictionList } from "./prediction";
import { channelRange } from "./ranges";

const MOST_TILES = 16;

/** A row of units as one nearly square map. */
function wrapped(units: Float32Array): Tensor {
  const columns = Math.max(1, Math.ceil(Math.sqrt(units.length)));
  const rows = Math.ceil(units.length / columns);
  const values = new Float32Array(rows * columns);
  values.set(units);
  return { shape: [1, rows, columns], codes: null, values, scale: null, zero: null, clamp: null, at: (_, y = 0, x = 0) => values[y * columns + x] ?? 0 };
}

async function face(host: HTMLElement, report: Report, activation: Activation, state: ViewState): Promise<void> {
  const { theme } = state;
  const ref = activation.thumb;
  if (!ref) return;
  const stored = await report.tensor(ref);
  const tensor = stored.shape.length === 1 ? wrapped(valuesOf(stored)) : stored;
  const tiles = Math.min(tensor.shape[0] ?? 1, MOST_TILES);
  const range = stored.shape.length > 1 && tiles === 1 ? channelRange(tensor, 0) : shownRange(state, activation.summary);
  host.style.setProperty("--columns", String(Math.ceil(Math.sqrt(tiles))));
  for (let channel = 0; channel < tiles; channel++) {
    const canvas = el("canvas");
    drawPlane(canvas, tensor, channel, range, theme);
    host.append(canvas);
  }
}

export function flat(report: Report, store: Store): HTMLElement {
  const cards = el("div.cards");
  const element = el(
    "div.flat",
    { tabindex: 0, "aria-label": "The model's layers" },
    el("p.note.no-gl", {}, "This browser has no WebGL2, so the model is shown flat. Everything else works: the list, the inspector, the maps."),
    cards,
  );
  const show = (state: ViewState): void => {
    const { nodes } = viewGraph(report.manifest, state.unfolded);
    const sample = report.sample(state.sample);
    cards.replaceChildren(
      ...nodes.map((node) => {
        const picture = sample?.pictures.find((item) => item.node === node.shows);
        const activation = report.activation(state.sample, node.shows);
        const front = el("span.face", { "aria-hidden": "true" });
        if (picture) {
          const canvas = el("canvas");
          front.append(canvas);
          void drawPicture(canvas, report, picture.tensor);
        } else if (activation) {
          // A fault in the bytes is told by the page's own check.
          face(front, report, activation, state).catch(() => front.classList.add("missing"));
        }
        const title = el("span.label", {}, swatch(node.kind), node.label);
        const card = el("button.card", { type: "button", "data-id": node.id }, front, title, el("span.number", {}, shapeText(node.shape)));
        card.addEventListener("click", () => choose(store, node.id));
        return card;
      }),
    );
    if (sample) cards.append(predictionList(sample.predictions, (id) => report.node(id)?.shape ?? [], 10));
  };
  watch(store, (s) => [s.sample, s.unfolded, s.theme, s.range, s.fixed], show);
  watch(store, (s) => [s.selected], ({ selected }) => {
    for (const card of cards.querySelectorAll<HTMLElement>(".card")) card.setAttribute("aria-pressed", String(card.dataset["id"] === selected));
  });
  return element;
}
