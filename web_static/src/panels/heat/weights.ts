// The weight that each channel has in an attribution, the strongest first.

import type { ChannelWeights } from "../../bundle/manifest.gen";
import type { Report } from "../../bundle/model";
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

/** Null where the bytes cannot be read; the fault is told elsewhere. */
export async function channelWeights(report: Report, state: ViewState, weights: ChannelWeights): Promise<HTMLElement | null> {
  const activation = report.activation(state.sample, weights.node);
  try {
    const { values } = await report.tensor(weights.tensor);
    const maps = activation?.tensor ? await report.tensor(activation.tensor) : null;
    if (!values) return null;
    const top = strongest(values, (channel) => (maps ? channelFacts(maps, channel).mean || 0 : 1), MOST);
    const most = Math.max(...top.map((item) => Math.abs(item.weight))) || 1;
    const list = el("ol.alphas");
    for (const { channel, weight } of top) {
      const canvas = el("canvas", { "aria-hidden": "true" });
      if (activation && maps) drawPlane(canvas, maps, channel, shownRange(state, activation.summary), state.theme);
      const bar = el(weight < 0 ? "i.fill.negative" : "i.fill");
      bar.style.width = `${((Math.abs(weight) / most) * 100).toFixed(1)}%`;
      list.append(
        el("li", {}, canvas, el("span.number", {}, `#${channel}`), el("span.track", { "aria-hidden": "true" }, bar), el("span.number", {}, weight.toExponential(1))),
      );
    }
    const head = el("h3", {}, "Channel weights", el("span.aside", {}, `top ${top.length} of ${values.length}`));
    const words = `How much each map of ${nameOf(report, weights.node)} counts (the mean gradient of the score over it), for the maps that add most.`;
    return el("section", {}, head, el("p.note", {}, words), list);
  } catch {
    return null;
  }
}
