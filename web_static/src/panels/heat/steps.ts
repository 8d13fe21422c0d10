// How a Grad-CAM is made, step by step, from this run's own numbers.

import type { AttributionInfo, ChannelGradients } from "../../bundle/manifest.gen";
import type { Report } from "../../bundle/model";
import type { Tensor } from "../../bundle/tensor";
import { rangeHere } from "../ranges";
import type { ViewState } from "../../state/store";
import { plural, shapeText, valueText } from "../../words/format";
import { button, el } from "../dom";
import { drawHeat, prepare } from "../heatpicture";
import { drawHeatPlane, drawPlane } from "../picture";
import { nameOf } from "../subject";
import { apart, most, relu, sumOf, total, weighted } from "./sum";
import { weightList } from "./weights";

const TILES = 12;
const BARS = 8;
const SIDE = 300;

/** What the steps are drawn from. */
interface Parts {
  readonly found: AttributionInfo;
  readonly layer: string;
  /** All maps of the layer, null where the file doesn't hold them. */
  readonly maps: Tensor | null;
  readonly reduced: boolean;
  readonly weights: Float32Array;
  readonly gradients: Tensor;
  readonly channels: readonly number[];
  /** The model's own sum, before ReLU. */
  readonly raw: Tensor;
  readonly picture: Tensor | null;
  readonly heat: Tensor | null;
}

interface Step {
  readonly title: string;
  readonly about: string;
  readonly body: () => readonly (HTMLElement | null)[];
}

/** The step that is open stays so when another class or sample is chosen. */
export interface Place {
  step: number;
}

async function parts(report: Report, state: ViewState, found: AttributionInfo, gradients: ChannelGradients): Promise<Parts | null> {
  const layer = gradients.node;
  const ref = found.layers.find((map) => map.node === layer)?.raw;
  const weights = found.weights.find((item) => item.node === layer);
  if (!ref || !weights) return null;
  const activation = report.activation(state.sample, layer)?.tensor ?? null;
  const over = found.inputs[0];
  const picture = report.sample(state.sample)?.pictures.find((item) => item.node === over?.node);
  const get = (one: typeof activation): Promise<Tensor | null> => (one ? report.tensor(one) : Promise.resolve(null));
  const [maps, alpha, slopes, raw, base, heat] = await Promise.all([
    get(activation), report.tensor(weights.tensor), report.tensor(gradients.tensor), report.tensor(ref), get(picture?.tensor ?? null), get(over?.tensor ?? null),
  ]);
  if (!alpha.values) return null;
  return { found, layer, maps, reduced: (activation?.source ?? null) !== null, weights: alpha.values, gradients: slopes, channels: gradients.channels, raw, picture: base, heat };
}

/** Small pictures of channels, each with its number. */
function tiles(channels: readonly number[], what: string, draw: (canvas: HTMLCanvasElement, channel: number, place: number) => void): HTMLElement {
  const grid = el("div.tiles.channels");
  channels.slice(0, TILES).forEach((channel, place) => {
    const canvas = el("canvas", { role: "img", "aria-label": `${what} of channel ${channel}` });
    draw(canvas, channel, place);
    grid.append(el("div.tile", {}, canvas, el("span.number", {}, `#${channel}`)));
  });
  return grid;
}

function mapPicture(map: Tensor, full: number, what: string, theme: ViewState["theme"]): HTMLElement {
  const values = map.values ?? new Float32Array(0);
  const [low, high] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
  const ends = `${valueText(low)} … ${valueText(high)}`;
  const canvas = el("canvas.stepmap", { role: "img", "aria-label": `${what}: ${shapeText(map.shape.slice(1))} values, ${ends}` });
  drawHeatPlane(canvas, map, 0, full, theme);
  return el("figure", {}, canvas, el("figcaption.number", {}, ends));
}

/** Worked out when it is first asked for. */
function once<T>(work: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: work() }).value;
}

function note(text: string): HTMLElement {
  return el("p.note", {}, text);
}

/** Where the head is an average and one dense layer: the sentence that makes the map a part of the score. */
export function identity({ bias, score }: AttributionInfo, raw: Tensor): string | null {
  if (bias === null || score === null) return null;
  const cells = raw.shape.slice(1).reduce((product, side) => product * side, 1);
  return (
    `Here an average over all ${cells} positions and one dense layer end the network, so these weights are that layer's own, over ${cells}: ` +
    `the map is a class activation map (CAM), and its cells add up to ${valueText(total(raw))}. With the bias, ${valueText(bias)}, that is the score, ${valueText(score)}.`
  );
}

function steps(report: Report, state: ViewState, made: Parts): readonly Step[] {
  const { found, maps, weights, gradients, channels, raw } = made;
  const { theme } = state;
  const name = nameOf(report, made.layer);
  const summary = report.activation(state.sample, made.layer)?.summary;
  // A million products and more: worked out when a step that shows them is opened, and once.
  const products = once(() => maps && weighted(maps, weights));
  const fullProduct = once(() => most(products() ?? raw));
  const steepest = once(() => most(gradients));
  const shown = Math.min(TILES, channels.length);
  const which = shown < weights.length ? `The ${shown} of ${plural(weights.length, "channel")} that add most to the map.` : "";
  const cam = identity(found, raw);
  const positive = relu(raw);
  const peak = most(positive);
  const missing = "The layer's maps are not in this file.";
  const check = (): string => {
    const all = products();
    if (!all) return missing;
    if (made.reduced) return "The maps are kept reduced in this file; this sum is the model's own, of its full maps.";
    return `The sum of all ${plural(weights.length, "weighted map")}, worked out here from the maps as they are stored (8 bits a value), differs from the model's own by at most ${valueText(apart(sumOf(all), raw))}.`;
  };
  return [
    { title: "Class score", about: `“${found.target_label}”, ${found.score_note}`, body: () => [el("p.bignumber.number", {}, found.score === null ? "–" : valueText(found.score))] },
    {
      title: "Last feature maps", about: `${name}, ${shapeText(report.node(made.layer)?.shape ?? [])}`,
      body: () => [maps && summary ? tiles(channels, "Map", (canvas, channel) => drawPlane(canvas, maps, channel, rangeHere(state, summary, maps, channel), theme)) : note(missing), note(which)],
    },
    {
      title: "Gradients", about: "how much the score would rise with each of their values",
      body: () => [tiles(channels, "Gradient", (canvas, _, place) => drawHeatPlane(canvas, gradients, place, steepest(), theme)), cam === null ? null : note("Behind an average each is the same at every place.")],
    },
    { title: "Weights", about: "the mean gradient of each channel", body: () => [weightList(channels.slice(0, BARS), weights, maps, summary, state)] },
    {
      title: "Weighted maps", about: "each map times its weight",
      body: () => {
        const all = products();
        return [all ? tiles(channels, "Weighted map", (canvas, channel) => drawHeatPlane(canvas, all, channel, fullProduct(), theme)) : note(missing), note(which)];
      },
    },
    { title: "Sum", about: `all ${plural(weights.length, "weighted map")} added up`, body: () => [mapPicture(raw, most(raw), "Sum", theme), note(check()), cam === null ? null : el("p.note.cam", {}, cam)] },
    {
      title: "Keep what speaks for it", about: "ReLU: values below zero become zero",
      body: () => [mapPicture(positive, most(raw), "After ReLU", theme), peak > 0 ? null : note("Nothing is left: no place speaks for this class.")],
    },
    { title: "Normalise", about: "divided by its maximum, 0 to 1", body: () => (peak > 0 ? [mapPicture(positive, peak, "Normalised", theme), note(`Divided by ${valueText(peak)}.`)] : [note("The maximum is zero, so the map stays zero.")]) },
    { title: "Lay over the input", about: "resized to its size, smoothly", body: () => [overInput(made, state)] },
  ];
}

function overInput({ picture, heat }: Parts, { opacity, theme }: ViewState): HTMLElement {
  if (!picture || !heat) return note("This input is no picture, so the map stays as it is.");
  const canvas = el("canvas.stepmap", { role: "img", "aria-label": "The map over the input" });
  drawHeat(canvas, prepare(picture, heat, SIDE), opacity, theme);
  return canvas;
}

/** Null where the file doesn't hold the steps; a fault in the bytes is told elsewhere. */
export async function stepByStep(report: Report, state: ViewState, found: AttributionInfo, place: Place): Promise<HTMLElement | null> {
  if (!found.gradients || (state.heatLayer !== null && state.heatLayer !== found.layer)) return null;
  const made = await parts(report, state, found, found.gradients).catch(() => null);
  if (!made) return null;
  const all = steps(report, state, made);
  const aside = el("span.aside");
  const back = button("‹", () => go(place.step - 1), { className: "small", label: "The step before" });
  const next = button("›", () => go(place.step + 1), { className: "small", label: "The next step" });
  const list = el("ol.steps");
  const rows = all.map(({ title, about }, i) => {
    const head = button("", () => go(i), { className: "step" });
    head.append(el("i.nth", { "aria-hidden": "true" }, String(i + 1)), el("span", {}, el("b", {}, title), el("span.what", {}, about)));
    const body = el("div.made");
    list.append(el("li", {}, head, body));
    return { head, body };
  });
  function go(step: number): void {
    place.step = Math.min(all.length - 1, Math.max(0, step));
    aside.textContent = `step ${place.step + 1} of ${all.length}`;
    back.disabled = place.step === 0;
    next.disabled = place.step === all.length - 1;
    rows.forEach(({ head, body }, i) => {
      const open = i === place.step;
      head.setAttribute("aria-expanded", String(open));
      if (open) head.setAttribute("aria-current", "step");
      else head.removeAttribute("aria-current");
      body.replaceChildren(...(open ? (all[i]?.body() ?? []) : []).filter((part) => part !== null));
    });
  }
  go(place.step);
  return el("section.walkthrough", {}, el("h3", {}, "How it is made", aside, back, next), list);
}
