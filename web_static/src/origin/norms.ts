// Normalisation by the values themselves: over a layer, a group of channels, or by their size alone.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import { plus, times, type Known } from "./known";
import { every, type Index } from "./places";
import type { Case, Reckon, Step } from "./types";
import { Untold } from "./values";
import { valueText } from "../words/format";

/** From and up to where the values reach that a value is normalised with, along each axis. */
export function reachOf(rule: Rule, node: NodeInfo, index: Index): { from: number[]; to: number[] } {
  const own = rule.axes[0] ?? 0;
  if (rule.name === "group") {
    const each = (node.shape[own] ?? 1) / rule.groups;
    const first = Math.floor((index[own] ?? 0) / each) * each;
    return { from: index.map((_, axis) => (axis === own ? first : 0)), to: index.map((_, axis) => (axis === own ? first + each : (node.shape[axis] ?? 1))) };
  }
  return {
    from: index.map((place, axis) => (rule.axes.includes(axis) ? 0 : place)),
    to: index.map((place, axis) => (rule.axes.includes(axis) ? (node.shape[axis] ?? 1) : place + 1)),
  };
}

/** Learnt numbers lie along the axes that are normalised over. */
function learnt(one: Case, name: string, index: Index): Known | null {
  return one.has(name) ? one.weight(name).at(one.rule.axes.map((axis) => index[axis] ?? 0)) : null;
}

export const normalise: Reckon = (one, index) => {
  const { rule, node, inputs: [input] } = one;
  if (!input) throw new Untold("What it is given is not in the file.");
  const { from, to } = reachOf(rule, node, index);
  const x = input.at(index);
  let [count, sum, squares, offs, offSquares, noise] = [0, 0, 0, 0, 0, 0];
  for (const place of every(to.map((end, axis) => end - (from[axis] ?? 0)))) {
    const other = input.at(place.map((at, axis) => at + (from[axis] ?? 0)));
    count++;
    sum += other.value;
    squares += other.value ** 2;
    offs += other.off;
    offSquares += other.off ** 2;
    noise += other.noise;
  }
  const unit = rule.name === "unit";
  const bare = unit || rule.name === "rms";
  const mean = bare ? 0 : sum / count;
  const shared = unit ? 1 : count;
  const deviation = Math.sqrt(Math.max(0, squares / shared - mean ** 2) + (rule.numbers[0] ?? 0));
  // The deviation is off by no more than the root of the mean square of what the values are off.
  const spread = Math.sqrt(offSquares / shared);
  const least = Math.max(deviation - spread, deviation / 4);
  const centred = x.value - mean;
  const steps: Step[] = bare ? [] : [{ text: `− mean ${valueText(mean)} of ${count} values`, value: centred }];
  const hat = centred / deviation;
  let value: Known = {
    value: hat,
    off: (x.off + (bare ? 0 : offs / count) + Math.abs(hat) * spread) / least,
    noise: (x.noise + (bare ? 0 : noise / count ** 2) + (hat * hat * noise) / (unit ? 1 : count ** 2)) / deviation ** 2,
  };
  steps.push({ text: unit ? `÷ length ${valueText(deviation)} of ${count} values` : bare ? `÷ root mean square ${valueText(deviation)} of ${count} values` : `÷ deviation ${valueText(deviation)}`, value: hat });
  const [gamma, beta] = [learnt(one, "gamma", index) ?? learnt(one, "scale", index), learnt(one, "beta", index)];
  if (gamma) {
    value = times(value, gamma);
    steps.push({ text: `× gamma ${valueText(gamma.value)}`, value: value.value });
  }
  if (beta) {
    value = plus(value, beta);
    steps.push({ text: `+ beta ${valueText(beta.value)}`, value: value.value });
  }
  const term = { label: one.label(input.node.id), part: x, spot: { node: input.node.id, index } };
  return { how: unit ? "divided by the length of its vector" : "normalised by the mean and variance of this run's values", terms: [term], sign: "", steps, result: value, magnitude: Math.abs(x.value) + Math.abs(mean / deviation) + Math.abs(value.value) };
};

