// Sums over an equation's letters: dense layers, and the softmax that may follow.

import { biasStep } from "./activate";
import { functionName, functionOf } from "./functions";
import { plus, sumOf, through, times, type Known } from "./known";
import { every, type Index } from "./places";
import type { Case, Reckon, Spot, Step, Sum, Term } from "./types";
import { Untold } from "./values";
import { valueText } from "../words/format";

/** The letters of each axis. */
interface Equation {
  readonly input: readonly string[];
  readonly kernel: readonly string[];
  readonly output: readonly string[];
}

export function parse(equation: string | null): Equation {
  const [left = "", output = ""] = (equation ?? "").split("->");
  const [input = "", kernel = ""] = left.split(",");
  return { input: Array.from(input), kernel: Array.from(kernel), output: Array.from(output) };
}

interface Reached {
  readonly terms: readonly Term[];
  /** With the bias. */
  readonly sum: Known;
  readonly bias: Known | null;
  readonly magnitude: number;
}

/** The sum behind one output, before its activation. */
function reach(one: Case, index: Index): Reached {
  const { rule, inputs: [x] } = one;
  const { input, kernel: letters, output } = parse(rule.equation);
  const kernel = one.weight("kernel");
  if (!x) throw new Untold("What it is given is not in the file.");
  kernel.need(index[index.length - 1] ?? 0);
  const at = new Map(output.map((letter, axis) => [letter, index[axis] ?? 0]));
  const over = input.filter((letter) => !at.has(letter));
  const sizes = over.map((letter) => x.node.shape[input.indexOf(letter)] ?? 1);
  const names = over.map((letter) => x.node.axes[input.indexOf(letter)] ?? "value");
  const terms = [...every(sizes)].map((place): Term => {
    const found = (letter: string): number => at.get(letter) ?? place[over.indexOf(letter)] ?? 0;
    const spot: Spot = { node: x.node.id, index: input.map(found) };
    const [a, w] = [x.at(spot.index), kernel.at(letters.map(found))];
    return { label: names.map((name, i) => `${name} ${place[i] ?? 0}`).join(" · "), part: times(a, w), spot, factors: [a.value, w.value] };
  });
  const bias = one.has("bias") ? one.weight("bias").spread(index) : null;
  const sum = sumOf(terms.map(({ part }) => part));
  const magnitude = terms.reduce((all, { part }) => all + Math.abs(part.value), 0);
  return { terms, sum: bias ? plus(sum, bias) : sum, bias, magnitude };
}

/** Multiplications beyond which not all units of a softmax are reckoned. */
const MOST = 200_000;

/**
 * A softmax over units. Where all weights are there, over all; else against the unit of largest share whose weights are:
 * shares are in the proportion of e to the difference of sums.
 */
function softmax(one: Case, index: Index, own: Known): { step: Step; result: Known } {
  const { node } = one;
  const axis = index.length - 1;
  const [count, kernel] = [node.shape[axis] ?? 1, one.weight("kernel")];
  const unit = (j: number): Index => index.map((place, i) => (i === axis ? j : place));
  const others = Array.from({ length: count }, (_, j) => j).filter((j) => j !== index[axis] && kernel.has(j));
  const all = others.length === count - 1 && count * (one.inputs[0]?.node.shape[axis] ?? 1) <= MOST;
  if (all) {
    const sums = others.map((j) => reach(one, unit(j)).sum);
    const share = (mine: number, theirs: (sum: Known) => number): number => 1 / sums.reduce((rest, sum) => rest + Math.exp(theirs(sum) - mine), 1);
    const value = share(own.value, (sum) => sum.value);
    const off = Math.max(share(own.value + own.off, (sum) => sum.value - sum.off) - value, value - share(own.value - own.off, (sum) => sum.value + sum.off));
    const noise = (value * (1 - value)) ** 2 * (own.noise + Math.max(0, ...sums.map((sum) => sum.noise)));
    return { step: { text: `→ softmax over ${count} ${node.axes[axis] ?? "unit"}s`, value }, result: { value, off, noise } };
  }
  const shares = others.map((j) => ({ j, share: one.own.at(unit(j)) }));
  const [best] = shares.sort((a, b) => b.share.value - a.share.value);
  if (!best || best.share.value <= 0) throw new Untold("A softmax needs the weights of other units too, which are not in the file.");
  const rival = reach(one, unit(best.j)).sum;
  const ratio = through({ value: own.value - rival.value, off: own.off + rival.off, noise: own.noise + rival.noise }, Math.exp);
  const text = `→ softmax: e^(${valueText(own.value)} − ${valueText(rival.value)}) × ${valueText(best.share.value)}, the share of unit ${best.j}`;
  const result = times(ratio, best.share);
  return { step: { text, value: result.value }, result };
}

export const dense: Reckon = (one, index): Sum => {
  const { terms, sum, bias, magnitude } = reach(one, index);
  const { activation } = one.rule;
  const base = { how: "input × weight", terms, sign: "+" as const, magnitude };
  const steps = biasStep(bias, sum);
  if (!activation) return { ...base, steps, result: sum };
  if (activation.name === "softmax") {
    const { step, result } = softmax(one, index, sum);
    return { ...base, steps: [...steps, step], result };
  }
  const f = functionOf(activation);
  if (!f) throw new Untold(`The activation ${activation.name} looks at other values too.`);
  const result = through(sum, f);
  return { ...base, steps: [...steps, { text: `→ ${functionName(activation)}`, value: result.value }], result };
};
