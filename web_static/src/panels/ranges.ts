// The range that colours run over, for a layer or one of its channels.

import type { Report } from "../bundle/model";
import { codeValue, type Tensor } from "../bundle/tensor";
import { layerRange, symmetric, type Range } from "../colour/value";

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

/** The range of a layer for a sample; null without an activation. */
export function rangeOf(report: Report, sample: number, node: string): Range | null {
  const activation = report.activation(sample, node);
  return activation ? layerRange(activation.summary) : null;
}
