// A layer's weights: how their values spread, and kernels as pictures.

import type { Weight } from "../../bundle/manifest.gen";
import { pause } from "../../bundle/pace";
import type { Report } from "../../bundle/model";
import type { Tensor } from "../../bundle/tensor";
import { symmetric, type Range } from "../../colour/value";
import type { Theme } from "../../colour/tokens";
import { button, el } from "../dom";
import { countText, plural, shapeText, valueText } from "../../words/format";
import { histogram } from "../histogram";
import { drawPixels, drawPlane } from "../picture";

const FIRST_TILES = 48;
const MORE_TILES = 192;

/** Weights run on a scale with both signs, so that zero is the background. */
export function weightRange({ summary }: Weight): Range {
  const { high } = symmetric(summary.min ?? 0, summary.max ?? 0);
  return { low: -high, high };
}

/** Three channels with a sign in their own colours: zero is mid grey, the strongest value full colour. */
export function trueColour(at: (channel: number, y: number, x: number) => number, height: number, width: number): Uint8ClampedArray<ArrayBuffer> {
  const values = Array.from({ length: height * width * 3 }, (_, i) => at(i % 3, Math.floor(i / 3 / width), Math.floor(i / 3) % width));
  const most = values.reduce((top, value) => Math.max(top, Math.abs(value)), 0) || 1;
  const pixels = new Uint8ClampedArray(height * width * 4).fill(255);
  values.forEach((value, i) => (pixels[Math.floor(i / 3) * 4 + (i % 3)] = 127.5 + (127.5 * value) / most));
  return pixels;
}

/** A kernel over three colour channels in its own colours. */
export function rgbTile(tensor: Tensor, filter: number): { width: number; height: number; pixels: Uint8ClampedArray<ArrayBuffer> } {
  const [, , height = 1, width = 1] = tensor.shape;
  return { width, height, pixels: trueColour((channel, y, x) => tensor.at(filter, channel, y, x), height, width) };
}

/** The plane of one filter and input channel, as a tensor that has only that plane. */
function slice(tensor: Tensor, filter: number, input: number): Tensor {
  const [, , height = 1, width = 1] = tensor.shape;
  const values = Float32Array.from({ length: height * width }, (_, i) => tensor.at(filter, input, Math.floor(i / width), i % width));
  return { shape: [1, height, width], codes: null, values, scale: null, zero: null, clamp: null, at: (_, y = 0, x = 0) => values[y * width + x] ?? NaN };
}

/** The kernel of one filter: in true colour, or its plane over the input channel that weighs most. Null where it isn't kept. */
export function kernelTile(weight: Weight, tensor: Tensor, channel: number, theme: Theme): { readonly canvas: HTMLCanvasElement; readonly text: string } | null {
  const [filters = 0, inputs = 1, height = 1, width = 1] = tensor.shape;
  const filter = weight.kept ? weight.kept.indexOf(channel) : channel;
  if (filter < 0 || filter >= filters || height * width < 2) return null;
  const canvas = el("canvas", { role: "img", "aria-label": `Kernel of filter ${channel}`, title: `filter ${channel}` });
  if (weight.rgb) {
    const { pixels } = rgbTile(tensor, filter);
    drawPixels(canvas, width, height, pixels);
    return { canvas, text: "its kernel" };
  }
  const strength = (input: number): number =>
    Array.from({ length: height * width }, (_, i) => Math.abs(tensor.at(filter, input, Math.floor(i / width), i % width))).reduce((sum, value) => sum + value, 0);
  const strengths = Array.from({ length: inputs }, (_, input) => strength(input));
  const most = strengths.indexOf(Math.max(...strengths));
  drawPlane(canvas, slice(tensor, filter, most), 0, weightRange(weight), theme);
  return { canvas, text: inputs > 1 ? `its kernel, from channel ${most}` : "its kernel" };
}

function tiles(weight: Weight, tensor: Tensor, theme: Theme): HTMLElement {
  const [filters = 0, inputs = 1] = tensor.shape;
  const range = weightRange(weight);
  const state = { input: 0, shown: Math.min(filters, FIRST_TILES) };
  const grid = el("div.tiles.kernels");
  const aside = el("span.aside");
  const head = el("h3", {}, "Kernels", aside);
  const controls = el("div.tools");
  const box = el("section", {}, head, controls, grid);
  const step = (by: number): void => {
    state.input = (state.input + by + inputs) % inputs;
    draw();
  };
  const more = button("", () => {
    state.shown = Math.min(filters, state.shown + MORE_TILES);
    draw();
  });
  if (!weight.rgb && inputs > 1) {
    controls.append(
      button("←", () => step(-1), { className: "small", label: "Kernels for the input channel before" }),
      button("→", () => step(1), { className: "small", label: "Kernels for the next input channel" }),
    );
  }
  const draw = (): void => {
    const words = weight.rgb ? "true colour" : inputs > 1 ? `input channel ${state.input} of ${inputs}` : "";
    aside.textContent = [plural(filters, "filter"), words].filter(Boolean).join(", ");
    grid.replaceChildren();
    for (let filter = 0; filter < state.shown; filter++) {
      const number = weight.kept?.[filter] ?? filter;
      const canvas = el("canvas", { role: "img", "aria-label": `Kernel of filter ${number}`, title: `filter ${number}` });
      if (weight.rgb) {
        const { width, height, pixels } = rgbTile(tensor, filter);
        drawPixels(canvas, width, height, pixels);
      } else {
        drawPlane(canvas, slice(tensor, filter, state.input), 0, range, theme);
      }
      grid.append(canvas);
    }
    more.textContent = `Show ${Math.min(MORE_TILES, filters - state.shown)} more of ${filters}`;
    if (state.shown < filters) box.append(more);
    else more.remove();
  };
  draw();
  return box;
}

/** A weight matrix or a row of weights as one picture. */
function plate(weight: Weight, tensor: Tensor, theme: Theme): HTMLElement {
  const canvas = el("canvas.plate", { role: "img", "aria-label": `${weight.name} as a picture of ${shapeText(tensor.shape)} values` });
  drawPlane(canvas, { ...tensor, shape: [1, ...tensor.shape.slice(-2)], codes: null, values: flatten(tensor) }, 0, weightRange(weight), theme);
  return el("section", {}, canvas);
}

function flatten(tensor: Tensor): Float32Array {
  const [height = 1, width = 1] = tensor.shape.slice(-2);
  const lead = tensor.shape.slice(0, -2).map(() => 0);
  return Float32Array.from({ length: height * width }, (_, i) => tensor.at(...lead, Math.floor(i / width), i % width));
}

/** What is kept of a large variable. */
function keptText({ kept, name }: Weight, shape: readonly number[], source: readonly number[]): string {
  if (!kept) return `The first ${shapeText(shape)} of ${shapeText(source)} values are kept here.`;
  const [what, all] = source.length > 2 ? ["filter", source[0]] : ["unit", source[source.length - 1]];
  return `${plural(kept.length, what)} of ${countText(all ?? 0)} are kept here${name === "kernel" ? ", of the strongest channels" : ""}: ${kept.slice(0, 12).join(", ")}${kept.length > 12 ? "…" : ""}.`;
}

/** Fills `host` with all of a layer's weights; pictures follow when their bytes are there. */
export function weights(host: HTMLElement, report: Report, list: readonly Weight[], theme: Theme): void {
  for (const weight of list) {
    const { summary } = weight;
    const aside = [shapeText(weight.shape), weight.trainable ? "" : "not trained"].filter(Boolean).join(" · ");
    const title = weight.name === "kernel" ? "Kernel weights" : weight.name;
    const one = summary.count === 1 && summary.min !== null;
    const box = one
      ? el("section", {}, el("h3", {}, title, el("span.aside", {}, valueText(summary.min))))
      : histogram(title, aside, summary, null);
    host.append(box);
    const ref = weight.tensor;
    if (!ref || one) continue;
    const place = el("div");
    box.append(place);
    const { source } = ref;
    if (source) place.append(el("p.note", {}, keptText(weight, ref.shape, source)));
    report.tensor(ref).then(
      async (tensor) => {
        await pause();
        if (tensor.shape.length === 4) place.append(tiles(weight, tensor, theme));
        else if (tensor.shape.length >= 2) place.append(plate(weight, tensor, theme));
      },
      () => place.append(el("p.note", {}, "These weights could not be read from the file.")),
    );
  }
}
