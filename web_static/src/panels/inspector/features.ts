// What a layer's channels look for: the image made for each, and beside the chosen one its kernel and the patches that
// make it fire most.

import type { Feature, Weight } from "../../bundle/manifest.gen";
import type { Report } from "../../bundle/model";
import type { Tensor } from "../../bundle/tensor";
import type { Theme } from "../../colour/tokens";
import type { Store } from "../../state/store";
import { countText, plural, valueText } from "../../words/format";
import { el, watch } from "../dom";
import { drawPixels, pictureRgba } from "../picture";
import { kernelTile } from "./kernels";

/** The pictures of a feature are (..., h, w, 1|3): the one at an index of the axes before. */
export function pictureAt(tensor: Tensor, ...index: readonly number[]): Tensor {
  const shape = tensor.shape.slice(index.length);
  const size = shape.reduce((product, side) => product * side, 1);
  const start = index.reduce((sum, place, axis) => sum * (tensor.shape[axis] ?? 1) + place, 0) * size;
  return { ...tensor, shape, codes: tensor.codes?.subarray(start, start + size) ?? null };
}

function draw(tensor: Tensor, title: string): HTMLCanvasElement {
  const canvas = el("canvas", { role: "img", "aria-label": title, title });
  const { width, height, pixels } = pictureRgba(tensor);
  drawPixels(canvas, width, height, pixels);
  return canvas;
}

interface Bytes {
  readonly pictures: Tensor;
  readonly patches: Tensor | null;
  readonly projections: Tensor | null;
  readonly kernel: { readonly weight: Weight; readonly tensor: Tensor } | null;
}

async function read(report: Report, feature: Feature, weights: readonly Weight[]): Promise<Bytes> {
  const { patches, projections, pictures } = feature;
  const weight = weights.find((item) => item.name === "kernel" && item.tensor?.shape.length === 4);
  return {
    pictures: await report.tensor(pictures),
    patches: patches ? await report.tensor(patches) : null,
    projections: projections ? await report.tensor(projections) : null,
    kernel: weight?.tensor ? { weight, tensor: await report.tensor(weight.tensor) } : null,
  };
}

/** One channel: what it looks for, its kernel, and where it fired. */
function closer(feature: Feature, bytes: Bytes, channel: number, theme: Theme): HTMLElement {
  const place = feature.channels.indexOf(channel);
  const { patches, projections, kernel } = bytes;
  const made = el("figure", {}, draw(pictureAt(bytes.pictures, place), `What channel ${channel} looks for`), el("figcaption", {}, "made for it"));
  const box = el("div.closer", {}, made);
  const tile = kernel && kernelTile(kernel.weight, kernel.tensor, channel, theme);
  if (tile) box.append(el("figure.kernel", {}, tile.canvas, el("figcaption", {}, tile.text)));
  const values = feature.values[place] ?? [];
  if (!patches || values.length === 0) return box;
  const grid = (tensor: Tensor, what: string): HTMLElement =>
    el("div.nine", {}, ...values.map((value, i) => draw(pictureAt(tensor, place, i), `${feature.names[place]?.[i] ?? ""}, ${what}: ${valueText(value)}`)));
  box.append(el("figure", {}, grid(patches, "activation"), el("figcaption", {}, `strongest of ${countText(feature.seen)}`)));
  if (projections) box.append(el("figure", {}, grid(projections, "projection of activation"), el("figcaption", {}, "by DeconvNet")));
  return box;
}

export function features(report: Report, store: Store, feature: Feature, weights: readonly Weight[]): HTMLElement {
  const list = el("div.tiles.looking");
  const near = el("div");
  const box = el("section.features", {}, el("h3", {}, "What channels look for", el("span.aside", {}, plural(feature.channels.length, "channel"))), near, list, el("p.note", {}, feature.how));
  read(report, feature, weights).then(
    (bytes) => {
      const buttons = feature.channels.map((channel, i) => {
        const item = el(
          "button.tile",
          { type: "button", "data-channel": channel, title: `channel ${channel}: ${valueText(feature.scores[i] ?? NaN)} in this image` },
          draw(pictureAt(bytes.pictures, i), ""),
          el("span.number", {}, `#${channel}`),
        );
        item.firstElementChild?.setAttribute("aria-hidden", "true");
        item.addEventListener("click", () => store.set({ channel: store.get().channel === channel ? null : channel }));
        return item;
      });
      list.append(...buttons);
      let stop = (): void => undefined;
      stop = watch(store, (s) => [s.channel, s.theme], ({ channel, theme }) => {
        if (!box.isConnected) {
          stop(); // the panel was filled anew
          return;
        }
        for (const item of buttons) item.setAttribute("aria-pressed", String(item.dataset["channel"] === String(channel)));
        near.replaceChildren(...(channel !== null && feature.channels.includes(channel) ? [closer(feature, bytes, channel, theme)] : []));
      });
    },
    () => near.append(el("p.note", {}, "These pictures could not be read from the file.")),
  );
  return box;
}
