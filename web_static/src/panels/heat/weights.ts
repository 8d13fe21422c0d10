// The weight that each channel has in an attribution, the strongest first.

import type { ChannelWeights, Summary } from "../../bundle/manifest.gen";
import type { Report } from "../../bundle/model";
import type { Tensor } from "../../bundle/tensor";
import { shownRange } from "../../colour/value";
import type { ViewState } from "../../state/store";
import { el } from "../dom";
import { drawPlane } from "../picture";
import { channelFacts } from "../ranges";
import { nameOf } from "../subject";

const MOST = 8;

/** Channels that count most by magnitude: the weight times how active the channel is, or the weight alone. */
export function strongest(weights: Float32Array, activity: (channel: number) => number, most: number): { readonly channel: number; readonly weight: number }[] {
  return [...weights]
    .map((weight, channel) => ({ channel, weight, part: Math.abs(weight * activity(channel)) }))
    .sort((a, b) => b.part - a.part)
    .slice(0, most);
}

/** A bar a channel, each with its map. */
export function weightList(channels: readonly number[], values: Float32Array, maps: Tensor | null, summary: Summary | undefined, state: ViewState): HTMLElement {
  const top = Math.max(...channels.map((channel) => Math.abs(values[channel] ?? 0))) || 1;
  const list = el("ol.alphas");
  for (const channel of channels) {
    const weight = values[channel] ?? 0;
    const canvas = el("canvas", { "aria-hidden": "true" });
    if (summary && maps) drawPlane(canvas, maps, channel, shownRange(state, summary), state.theme);
    const bar = el(weight < 0 ? "i.fill.negative" : "i.fill");
    bar.style.width = `${((Math.abs(weight) / top) * 100).toFixed(1)}%`;
    list.append(
      el("li", {}, canvas, el("span.number", {}, `#${channel}`), el("span.track", { "aria-hidden": "true" }, bar), el("span.number", {}, weight.toExponential(1))),
    );
  }
  return list;
}

/** Null where the bytes cannot be read; the fault is told elsewhere. */
export async function channelWeights(report: Report, state: ViewState, weights: ChannelWeights): Promise<HTMLElement | null> {
  const activation = report.activation(state.sample, weights.node);
  try {
    const { values } = await report.tensor(weights.tensor);
    const maps = activation?.tensor ? await report.tensor(activation.tensor) : null;
    if (!values) return null;
    const top = strongest(values, (channel) => (maps ? channelFacts(maps, channel).mean || 0 : 1), MOST).map((item) => item.channel);
    const head = el("h3", {}, "Channel weights", el("span.aside", {}, `top ${top.length} of ${values.length}`));
    const words = `How much each map of ${nameOf(report, weights.node)} counts, for the maps that add most.`;
    return el("section", {}, head, el("p.note", {}, words), weightList(top, values, maps, activation?.summary, state));
  } catch {
    return null;
  }
}
