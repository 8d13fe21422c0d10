// What the colours mean, with numbers.

import { table, STEPS } from "../colour/maps";
import type { Range } from "../colour/value";
import type { Theme } from "../colour/tokens";
import type { Store, ViewState } from "../state/store";
import { button, el, watch } from "./dom";
import { endText } from "../words/format";
import { drawPixels } from "./picture";

/** The strip's pixels from low to high. */
export function strip(kind: "sequential" | "diverging" | "heat", theme: Theme): Uint8ClampedArray<ArrayBuffer> {
  if (kind !== "diverging") return new Uint8ClampedArray(table(kind, theme));
  const negative = table("negative", theme);
  const pixels = new Uint8ClampedArray(2 * STEPS * 4);
  for (let i = 0; i < STEPS; i++) pixels.set(negative.subarray((STEPS - 1 - i) * 4, (STEPS - i) * 4), i * 4);
  pixels.set(table("sequential", theme), STEPS * 4);
  return pixels;
}

/** `rangeFor` gives the range of what is looked at, or null in the overview, where each layer has its own. */
export function legend(store: Store, rangeFor: (state: ViewState) => Promise<Range | null>): HTMLElement {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const low = el("span.number");
  const high = el("span.number");
  const what = el("span.what");
  const choice = button(
    "",
    () => store.set({ range: store.get().range === "layer" ? "channel" : "layer" }),
    { className: "range", label: "Switch between one colour range per layer and one per channel" },
  );
  const element = el("div.legend", { role: "group", "aria-label": "Colour scale" }, canvas, el("div.ends", {}, low, what, choice, high));
  let turn = 0;
  const show = async (state: ViewState): Promise<void> => {
    const mine = ++turn;
    const heat = state.mode === "attribution";
    const range = heat ? null : await rangeFor(state);
    if (mine !== turn) return;
    const kind = heat ? "heat" : range && range.low < 0 ? "diverging" : "sequential";
    const pixels = strip(kind, state.theme);
    drawPixels(canvas, pixels.length / 4, 1, pixels);
    low.textContent = heat ? "0" : range ? endText(range.low) : "0";
    high.textContent = heat ? "1" : range ? endText(range.high) : "max";
    what.textContent = heat ? "relevance" : "";
    choice.hidden = heat;
    choice.textContent = `per ${state.range} ▾`;
    element.dataset["scale"] = kind;
  };
  watch(store, (s) => [s.theme, s.mode, s.selected, s.hovered, s.sample, s.range, s.channel], (state) => void show(state));
  return element;
}
