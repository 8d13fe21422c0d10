// The range that colours run over, for a layer or one of its channels.

import type { Summary } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { codeValue, type Tensor } from "../bundle/tensor";
import { fullColour } from "../colour/heat";
import { shownRange, symmetric, type Range, type Scale } from "../colour/value";
import { weightOf } from "../forms/plates";
import { viewGraph } from "../layout/fold";
import type { ViewState } from "../state/store";
import { faceOf } from "./subject";

export interface ChannelFacts {
  readonly channel: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Share of values that are exactly zero, 0..1. */
  readonly zeros: number;
}

/** Statistics of one channel over its finite values; NaN where there is none. */
export function channelFacts(tensor: Tensor, channel: number): ChannelFacts {
  const channels = tensor.shape[0] ?? 1;
  const all = tensor.codes ?? tensor.values ?? new Float32Array(0);
  const count = channels > 0 ? all.length / channels : 0;
  const part = all.subarray(channel * count, (channel + 1) * count);
  let [sum, finite, zeros, min, max] = [0, 0, 0, Infinity, -Infinity];
  const take = (value: number, times: number): void => {
    if (!Number.isFinite(value)) return;
    sum += value * times;
    finite += times;
    if (value === 0) zeros += times;
    min = Math.min(min, value);
    max = Math.max(max, value);
  };
  if (tensor.codes) {
    // Few codes, many values: count codes first.
    const counts = new Uint32Array(256);
    for (const code of part) counts[code] = (counts[code] ?? 0) + 1;
    counts.forEach((times, code) => {
      if (times > 0) take(codeValue(tensor, channel, code), times);
    });
  } else {
    for (const value of part) take(value, 1);
  }
  return finite === 0
    ? { channel, mean: NaN, min: NaN, max: NaN, zeros: 0 }
    : { channel, mean: sum / finite, min, max, zeros: zeros / finite };
}

export function channelRange(tensor: Tensor, channel: number): Range {
  const { min, max } = channelFacts(tensor, channel);
  return Number.isFinite(min) ? symmetric(min, max) : { low: 0, high: 1 };
}

/** The range that colours run over where a channel (or none) is looked at. */
export function rangeHere(scale: Scale, summary: Summary, tensor: Tensor, channel: number): Range {
  return scale.range === "channel" ? channelRange(tensor, channel) : shownRange(scale, summary);
}

/** The range that the legend tells: of the chosen channel or layer, else of the hovered layer; null where none is. */
export async function legendRange(report: Report, state: ViewState): Promise<Range | null> {
  const id = state.selected ?? state.hovered;
  const node = id === null ? null : faceOf(report, id, state.unfolded);
  const activation = node === null ? undefined : report.activation(state.sample, node);
  if (!activation) return state.range === "fixed" ? { low: 0, high: state.fixed } : null;
  if (state.range !== "channel") return shownRange(state, activation.summary);
  if (!activation.tensor || state.channel === null || state.selected === null) return null;
  const tensor = await report.tensor(activation.tensor);
  return state.channel < (tensor.shape[0] ?? 0) ? channelRange(tensor, state.channel) : null;
}

/** The weights that the ends of the colours of a layer's kernels stand for; null where no layer is looked at. */
export function kernelRange(report: Report, state: ViewState): Promise<(Range & { readonly rgb: boolean }) | null> {
  const id = state.selected ?? state.hovered;
  const boxes = viewGraph(report.manifest, state.unfolded);
  const box = id === null ? undefined : boxes.boxOf.get(id);
  const weight = weightOf(report, boxes.nodes.find((node) => node.id === box)?.members ?? []);
  if (!weight) return Promise.resolve(null);
  const { high } = symmetric(weight.summary.min ?? 0, weight.summary.max ?? 0);
  return Promise.resolve({ low: -high, high, rgb: weight.rgb });
}

/** The values that the ends of a heat map's colours stand for; null where there is no map. */
export async function heatRange(report: Report, { method, sample, target, sign, heatLayer }: ViewState): Promise<Range | null> {
  const found = method === null ? undefined : report.heat({ method, sample, target });
  const map = found?.layers.find((item) => item.node === heatLayer) ?? found?.inputs[0] ?? found?.layers[0];
  if (!map) return null;
  const info = report.manifest.methods.find((item) => item.name === method);
  const high = map.peak * fullColour(map, await report.tensor(map.tensor), info);
  return { low: map.signed && sign === "signed" ? -high : 0, high };
}
