// What the colours mean, with numbers.

import { table, STEPS } from "../colour/maps";
import type { Report } from "../bundle/model";
import type { Theme } from "../colour/tokens";
import type { Store, ViewState } from "../state/store";
import { el, watch } from "./dom";
import { endText } from "../words/format";
import { drawPixels } from "./picture";
import { heatRange, kernelRange, legendRange } from "./ranges";

export type Strip = "sequential" | "diverging" | "heat" | "signed heat";

const TWO_SIDED = { diverging: ["negative", "sequential"], "signed heat": ["against", "heat"] } as const;
const RANGES: readonly (readonly [ViewState["range"], string])[] = [
  ["layer", "per layer"],
  ["channel", "per channel"],
  ["fixed", "fixed"],
];

/** The strip's pixels from low to high. */
export function strip(kind: Strip, theme: Theme): Uint8ClampedArray<ArrayBuffer> {
  if (kind === "sequential" || kind === "heat") return new Uint8ClampedArray(table(kind, theme));
  const [below, above] = TWO_SIDED[kind];
  const negative = table(below, theme);
  const pixels = new Uint8ClampedArray(2 * STEPS * 4);
  for (let i = 0; i < STEPS; i++) pixels.set(negative.subarray((STEPS - 1 - i) * 4, (STEPS - i) * 4), i * 4);
  pixels.set(table(above, theme), STEPS * 4);
  return pixels;
}

/** In the overview, where each layer has its own range, the end has no number; a fixed range can be typed. */
export function legend(report: Report, store: Store): HTMLElement {
  const canvas = el("canvas", { "aria-hidden": "true" });
  const low = el("span.number");
  const high = el("span.number");
  const what = el("span.what");
  const choice = el("select.range", { "aria-label": "Colour range" });
  for (const [range, text] of RANGES) choice.append(el("option", { value: range }, text));
  const end = el("input.number", { type: "number", min: 0, step: "any", "aria-label": "Where the fixed colour range ends" });
  choice.addEventListener("change", () => {
    const range = choice.value as ViewState["range"];
    // It starts where the layer that is looked at ends, so that nothing jumps.
    const here = range === "fixed" ? Number.parseFloat(high.textContent) : NaN;
    store.set({ range, ...(here > 0 ? { fixed: here } : {}) });
    if (range === "fixed") end.select();
  });
  end.addEventListener("change", () => {
    const value = Number(end.value);
    if (value > 0 && Number.isFinite(value)) store.set({ fixed: value });
    else end.value = String(store.get().fixed);
  });
  const element = el("div.legend", { role: "group", "aria-label": "Colour scale" }, canvas, el("div.ends", {}, low, what, choice, high, end));
  let turn = 0;
  const show = async (state: ViewState): Promise<void> => {
    const mine = ++turn;
    const heat = state.mode === "attribution";
    const kernels = state.mode === "kernels";
    element.hidden = state.mode === "features"; // pictures in their own colours
    const range = await (heat ? heatRange : kernels ? kernelRange : legendRange)(report, state);
    if (mine !== turn) return;
    const both = kernels || (range !== null && range.low < 0);
    const kind: Strip = heat ? (both ? "signed heat" : "heat") : both ? "diverging" : "sequential";
    const pixels = strip(kind, state.theme);
    drawPixels(canvas, pixels.length / 4, 1, pixels);
    low.textContent = range ? endText(range.low) : kernels ? "−max" : "0";
    high.textContent = range ? endText(range.high) : heat ? "1" : "max";
    what.textContent = kernels ? (range && "rgb" in range && range.rgb ? "true colour" : "weight") : !heat ? "" : both ? "against · for" : "relevance";
    choice.hidden = heat || kernels;
    choice.value = state.range;
    end.hidden = heat || kernels || state.range !== "fixed";
    high.hidden = !end.hidden;
    end.value = String(state.fixed);
    element.dataset["scale"] = kind;
  };
  watch(store, (s) => [s.theme, s.mode, s.method, s.target, s.heatLayer, s.sign, s.selected, s.hovered, s.sample, s.range, s.fixed, s.channel], (state) => {
    show(state).catch(() => undefined);
  });
  return element;
}
