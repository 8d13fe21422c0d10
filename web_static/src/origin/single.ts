// Value by value: activations, and normalisation with fixed numbers.

import { functionName, functionOf } from "./functions";
import { exactly, plus, scaled, through, times, type Known } from "./known";
import { every, ravel, type Index } from "./places";
import type { Case, Reckon, Step, Sum, Term } from "./types";
import { Untold } from "./values";
import { valueText } from "../words/format";

function given(one: Case, index: Index): { x: Known; term: Term } {
  const [input] = one.inputs;
  if (!input) throw new Untold("What it is given is not in the file.");
  const x = input.at(index);
  return { x, term: { label: one.label(input.node.id), part: x, spot: { node: input.node.id, index } } };
}

function told(how: string, term: Term, steps: readonly Step[], result: Known): Sum {
  return { how, terms: [term], sign: "", steps, result, magnitude: Math.abs(term.part.value) + Math.abs(result.value) };
}

/** A softmax over what the layer is given, along its axes. */
function softmax(one: Case, index: Index, axes: readonly number[], log: boolean): Sum {
  const { x, term } = given(one, index);
  const { node } = one;
  const sizes = axes.map((axis) => node.shape[axis] ?? 1);
  let [rest, off] = [0, 0];
  for (const place of every(sizes)) {
    const other = one.inputs[0]?.at(index.map((at, axis) => (axes.includes(axis) ? (place[axes.indexOf(axis)] ?? 0) : at))) ?? x;
    rest += Math.exp(other.value - x.value);
    off = Math.max(off, other.off);
  }
  const value = 1 / rest;
  const result = { value, off: value * Math.expm1(2 * off), noise: (value * value * off * off * 2) / 3 };
  const count = sizes.reduce((product, side) => product * side, 1);
  const how = `e to its power, over the sum of all ${count}`;
  const steps = [{ text: `→ softmax over ${count}`, value }];
  if (!log) return told(how, term, steps, result);
  const logarithm = { value: -Math.log(rest), off: 2 * off, noise: (off * off * 2) / 3 };
  return told(how, term, [...steps, { text: "→ its logarithm", value: logarithm.value }], logarithm);
}

/** Functions without a bound near 0. */
const NEAR_ZERO: ReadonlySet<string> = new Set(["log", "rsqrt", "over"]);

export const activation: Reckon = (one, index) => {
  const { activation: made } = one.rule;
  if (made?.name === "softmax" || made?.name === "log_softmax") return softmax(one, index, made.axes, made.name === "log_softmax");
  const f = made && functionOf(made);
  if (!made || !f) throw new Untold(`The activation ${made?.name ?? ""} looks at other values too.`);
  const { x, term } = given(one, index);
  const unbounded = NEAR_ZERO.has(made.name) || (made.name === "power" && (made.numbers[0] ?? 1) < 0);
  if (unbounded && x.off > 0 && x.off >= Math.abs(x.value)) throw new Untold("What it is given is stored too coarsely here to tell it from 0.");
  const result = through(x, f);
  return told("value by value", term, [{ text: `→ ${functionName(made)}`, value: result.value }], result);
};

/** Where the gate of a value lies, in the second half. */
export function gateOf(axis: number, node: Case["node"], index: Index): Index {
  return index.map((place, i) => (i === axis ? place + (node.shape[axis] ?? 0) : place));
}

export const glu: Reckon = (one, index) => {
  const { x, term } = given(one, index);
  const gate = given(one, gateOf(one.rule.axes[0] ?? 0, one.node, index));
  const open = through(gate.x, (value) => 1 / (1 + Math.exp(-value)));
  const result = times(x, open);
  const steps = [{ text: `× sigmoid of ${valueText(gate.x.value)}, its gate: ${valueText(open.value)}`, value: result.value }];
  return told("the first half, each value times the sigmoid of its own in the second", term, steps, result);
};

export const prelu: Reckon = (one, index) => {
  const { x, term } = given(one, index);
  const alpha = one.weight("alpha").spread(index);
  const result = through(x, (value) => (value >= 0 ? value : alpha.value * value));
  const off = result.off + Math.max(0, -(x.value - x.off)) * alpha.off;
  return told("value by value", term, [{ text: `→ PReLU, ${valueText(alpha.value)} below zero`, value: result.value }], { ...result, off });
};

export const rescale: Reckon = (one, index) => {
  const { x, term } = given(one, index);
  const [scale = 1, offset = 0] = one.rule.numbers;
  const result = plus(scaled(x, scale), exactly(offset));
  const steps = [...(scale === 1 && offset !== 0 ? [] : [{ text: `× ${valueText(scale)}`, value: x.value * scale }]), ...(offset === 0 ? [] : [{ text: `+ ${valueText(offset)}`, value: result.value }])];
  return told("scaled and shifted", term, steps, result);
};

/** By means and deviations that were set or adapted to data. */
export const standardise: Reckon = (one, index) => {
  const { x, term } = given(one, index);
  const { axes, numbers } = one.rule;
  const place = ravel(axes.map((axis) => index[axis] ?? 0), axes.map((axis) => one.node.shape[axis] ?? 1));
  const [mean = 0, deviation = 1] = [numbers[place], numbers[numbers.length / 2 + place]];
  const centred = plus(x, exactly(-mean));
  const result = scaled(centred, 1 / deviation);
  const steps = [{ text: `− mean ${valueText(mean)}`, value: centred.value }, { text: `÷ deviation ${valueText(deviation)}`, value: result.value }];
  return { ...told("normalised by a mean and variance that are given", term, steps, result), magnitude: (Math.abs(x.value) + Math.abs(mean)) / deviation };
};

/** Batch normalisation in inference: with the mean and variance that were learnt. */
export const scale: Reckon = (one, index) => {
  const { x, term } = given(one, index);
  const at = one.rule.axes.map((axis) => index[axis] ?? 0);
  const part = (name: string): Known | null => (one.has(name) ? one.weight(name).at(at) : null);
  const [mean, variance] = [one.weight("moving_mean").at(at), one.weight("moving_variance").at(at)];
  const [gamma, beta, epsilon] = [part("gamma"), part("beta"), one.rule.numbers[0] ?? 0];
  const steps: Step[] = [];
  const step = (text: string, reached: Known): Known => {
    steps.push({ text, value: reached.value });
    return reached;
  };
  let value = step(`− mean ${valueText(mean.value)}`, plus(x, scaled(mean, -1)));
  const deviation = through(variance, (v) => 1 / Math.sqrt(v + epsilon));
  value = step(`÷ deviation ${valueText(1 / deviation.value)}`, times(value, deviation));
  if (gamma) value = step(`× gamma ${valueText(gamma.value)}`, times(value, gamma));
  if (beta) value = step(`+ beta ${valueText(beta.value)}`, plus(value, beta));
  return { ...told("normalised by the mean and variance that were learnt", term, steps, value), magnitude: (Math.abs(x.value) + Math.abs(mean.value)) * deviation.value * Math.abs(gamma?.value ?? 1) + Math.abs(beta?.value ?? 0) };
};
