// Sums over a window that slides: convolutions of all kinds, and pooling.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import { plus, scaled, sumOf, times, type Known } from "./known";
import { every, joined, spaceOf, type Index } from "./places";
import type { Case, Patch, Reckon, Sum, Term } from "./types";
import { Untold } from "./values";
import { activated } from "./activate";

/** A place of the window along one axis, and the input's position there; null beyond its edge. */
export interface Tap {
  readonly tap: number;
  readonly place: number | null;
}

/** The taps along one axis for position `at` of the output; of a transposed convolution those that reach it, by place. */
export function tapsAlong(rule: Rule, axis: number, at: number, given: number): Tap[] {
  const [window, stride, dilation, before] = [rule.window, rule.stride, rule.dilation, rule.before].map((list) => list[axis] ?? 1) as [number, number, number, number];
  const taps: Tap[] = [];
  for (let tap = 0; tap < window; tap++) {
    if (rule.name === "transposed") {
      const from = at + before - tap * dilation;
      const place = from / stride;
      if (Number.isInteger(place) && place >= 0 && place < given) taps.unshift({ tap, place });
    } else {
      const place = at * stride - before + tap * dilation;
      taps.push({ tap, place: place >= 0 && place < given ? place : null });
    }
  }
  return taps;
}

/** What a window slides over, its axes as the layer reads them: an input may not know that its channels come first. */
export function slid(rule: Rule, input: NodeInfo): NodeInfo {
  return { ...input, channel_axis: rule.axes[0] ?? input.channel_axis };
}

/** The taps along every axis in space. Where no space is left in the output, the window is all of it. */
export function tapsOf(rule: Rule, node: NodeInfo, input: NodeInfo, index: Index): Tap[][] {
  const sizes = spaceOf(slid(rule, input), input.shape);
  const space = spaceOf(node, index);
  const global = space.length !== sizes.length;
  return sizes.map((given, axis) => tapsAlong(rule, axis, global ? 0 : (space[axis] ?? 0), given));
}

interface Combined {
  readonly taps: number[];
  readonly space: number[] | null;
}

function combined(along: readonly (readonly Tap[])[]): Combined[] {
  return [...every(along.map((taps) => taps.length))].map((at) => {
    const chosen = at.map((i, axis) => along[axis]?.[i] ?? { tap: 0, place: null });
    const places = chosen.map(({ place }) => place);
    return { taps: chosen.map(({ tap }) => tap), space: places.every((place) => place !== null) ? places : null };
  });
}

function picture(along: readonly (readonly Tap[])[], values: readonly number[]): Patch {
  const width = along[along.length - 1]?.length ?? 1;
  return { width, height: values.length / Math.max(1, width), values };
}

/** A kernel's stored index: windows of one axis are (1, k). */
function kernelIndex(out: number, input: number, taps: readonly number[]): number[] {
  return taps.length === 1 ? [out, input, 0, ...taps] : [out, input, ...taps];
}

/** Sum over one channel's window: as a term with both pictures, or with two numbers where the window is one value. */
function channelTerm(one: Case, along: readonly (readonly Tap[])[], channel: number, weightOf: (taps: readonly number[]) => Known, label?: string): Term {
  const [input] = one.inputs;
  if (!input) throw new Untold("What it is given is not in the file.");
  const xs: number[] = [];
  const ws: number[] = [];
  const parts: Known[] = [];
  let best: { size: number; index: number[] } | null = null;
  for (const { taps, space } of combined(along)) {
    const weight = weightOf(taps);
    ws.push(weight.value);
    if (!space) {
      xs.push(NaN);
      continue;
    }
    const index = joined(slid(one.rule, input.node), space, channel);
    const x = input.at(index);
    xs.push(x.value);
    const part = times(x, weight);
    parts.push(part);
    if (!best || Math.abs(part.value) > best.size) best = { size: Math.abs(part.value), index };
  }
  const base = { label: label ?? `channel ${channel}`, part: sumOf(parts), spot: best && { node: input.node.id, index: best.index } };
  if (xs.length === 1) return { ...base, factors: [xs[0] ?? NaN, ws[0] ?? NaN] };
  return { ...base, input: picture(along, xs), kernel: picture(along, ws) };
}

function channelsOf(rule: Rule, input: NodeInfo): number {
  return input.shape[slid(rule, input).channel_axis ?? -1] ?? 1;
}

function convolved(one: Case, out: number, terms: readonly Term[], how: string): Sum {
  const sum = sumOf(terms.map(({ part }) => part));
  const bias = one.has("bias") ? one.weight("bias").at([out]) : null;
  const magnitude = terms.reduce((all, { part }) => all + Math.abs(part.value), 0);
  return { how, terms, sign: "+", ...activated(one, bias ? plus(sum, bias) : sum, bias), magnitude };
}

export const conv: Reckon = (one, index) => {
  const { node, rule, inputs: [input] } = one;
  const kernel = one.weight("kernel");
  const out = index[node.channel_axis ?? -1] ?? 0;
  if (!input) throw new Untold("What it is given is not in the file.");
  kernel.need(out);
  const along = tapsOf(rule, node, input.node, index);
  const all = channelsOf(rule, input.node);
  const each = all / rule.groups;
  const first = Math.floor(out / ((node.shape[node.channel_axis ?? -1] ?? 1) / rule.groups)) * each;
  const terms = Array.from({ length: each }, (_, i) => channelTerm(one, along, first + i, (taps) => kernel.at(kernelIndex(out, i, taps))));
  const one1 = along.every((taps) => taps.length === 1);
  return convolved(one, out, terms, one1 ? "value × weight, input channel by input channel" : "patch × kernel, input channel by input channel");
};

export const depthwise: Reckon = (one, index) => {
  const { node, rule, inputs: [input] } = one;
  const kernel = one.weight("kernel");
  const out = index[node.channel_axis ?? -1] ?? 0;
  if (!input) throw new Untold("What it is given is not in the file.");
  kernel.need(out);
  const multiplier = (node.shape[node.channel_axis ?? -1] ?? 1) / channelsOf(rule, input.node);
  const along = tapsOf(rule, node, input.node, index);
  const term = channelTerm(one, along, Math.floor(out / multiplier), (taps) => kernel.at(kernelIndex(out, 0, taps)));
  return convolved(one, out, [term], "patch × kernel, of its own channel alone");
};

export const separable: Reckon = (one, index) => {
  const { node, rule, inputs: [input] } = one;
  const [deep, point] = [one.weight("depthwise_kernel"), one.weight("pointwise_kernel")];
  const out = index[node.channel_axis ?? -1] ?? 0;
  const middle = deep.weight.tensor?.shape[0] ?? 0;
  if (!input) throw new Untold("What it is given is not in the file.");
  point.need(out);
  deep.need(middle - 1);
  const multiplier = middle / channelsOf(rule, input.node);
  const along = tapsOf(rule, node, input.node, index);
  const space = along.map(() => 0);
  const terms = Array.from({ length: middle }, (_, m): Term => {
    const term = channelTerm(one, along, Math.floor(m / multiplier), (taps) => deep.at(kernelIndex(m, 0, taps)));
    const weight = point.at(kernelIndex(out, m, space));
    return { ...term, label: `${term.label}${multiplier > 1 ? `, filter ${m % multiplier}` : ""} × ${weight.value.toFixed(3)}`, part: times(term.part, weight) };
  });
  return convolved(one, out, terms, "patch × kernel × weight of the mixing, channel by channel");
};

/** The values under the window, channel by channel, with their indices. */
function seen(one: Case, index: Index): { along: Tap[][]; list: { index: number[]; x: Known }[]; values: number[] } {
  const { node, rule, inputs: [input] } = one;
  if (!input) throw new Untold("What it is given is not in the file.");
  const along = tapsOf(rule, node, input.node, index);
  const channel = index[node.channel_axis ?? -1] ?? 0;
  const list: { index: number[]; x: Known }[] = [];
  const values = combined(along).map(({ space }) => {
    if (!space) return NaN;
    const at = joined(slid(rule, input.node), space, channel);
    const x = input.at(at);
    list.push({ index: at, x });
    return x.value;
  });
  return { along, list, values };
}

export const maximum: Reckon = (one, index) => {
  const { along, list, values } = seen(one, index);
  const best = list.reduce((a, b) => (b.x.value > a.x.value ? b : a));
  // The largest may be another one by as much as any is off.
  const off = Math.max(...list.map(({ x }) => x.off));
  const spot = { node: one.inputs[0]?.node.id ?? "", index: best.index };
  const term: Term = { label: `largest of ${list.length}`, part: best.x, spot, input: picture(along, values) };
  return { how: "the largest value under the window", terms: [term], sign: "max", steps: [], result: { ...best.x, off }, magnitude: Math.abs(best.x.value) };
};

export const mean: Reckon = (one, index) => {
  const { along, list, values } = seen(one, index);
  const total = sumOf(list.map(({ x }) => x));
  const best = list.reduce((a, b) => (Math.abs(b.x.value) > Math.abs(a.x.value) ? b : a));
  const spot = { node: one.inputs[0]?.node.id ?? "", index: best.index };
  const term: Term = { label: `sum of ${list.length} values`, part: total, spot, input: picture(along, values) };
  const result = scaled(total, 1 / list.length);
  const magnitude = list.reduce((all, { x }) => all + Math.abs(x.value), 0) / list.length;
  return { how: "the mean of the values under the window", terms: [term], sign: "+", steps: [{ text: `÷ ${list.length}`, value: result.value }], result, magnitude };
};

