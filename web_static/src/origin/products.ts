// Sums of products of two tensors, over an equation's letters: matmul, einsum, dot.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import { parse } from "./dense";
import { sumOf, times } from "./known";
import { every, type Index } from "./places";
import type { Reckon, Term } from "./types";
import { Untold } from "./values";

/** From and up to where each of both inputs is read. */
export function factorsOf(rule: Rule, inputs: readonly NodeInfo[], index: Index): { node: NodeInfo; from: number[]; to: number[] }[] {
  const { input, kernel, output } = parse(rule.equation);
  return [input, kernel].flatMap((letters, i) => {
    const node = inputs[i];
    if (!node) return [];
    const ends = letters.map((letter, axis): readonly [number, number] => {
      const place = output.indexOf(letter);
      return place < 0 ? [0, node.shape[axis] ?? 1] : [index[place] ?? 0, (index[place] ?? 0) + 1];
    });
    return [{ node, from: ends.map(([from]) => from), to: ends.map(([, to]) => to) }];
  });
}

export const product: Reckon = ({ rule, inputs: [one, two] }, index) => {
  if (!one || !two) throw new Untold("What it is given is not in the file.");
  const { input, kernel, output } = parse(rule.equation);
  const sizes = new Map([...input.map((letter, axis) => [letter, one.node.shape[axis] ?? 1] as const), ...kernel.map((letter, axis) => [letter, two.node.shape[axis] ?? 1] as const)]);
  const over = [...sizes.keys()].filter((letter) => !output.includes(letter));
  const names = over.map((letter) => one.node.axes[input.indexOf(letter)] ?? two.node.axes[kernel.indexOf(letter)] ?? "value");
  const terms = [...every(over.map((letter) => sizes.get(letter) ?? 1))].map((place): Term => {
    const at = (letter: string): number => place[over.indexOf(letter)] ?? index[output.indexOf(letter)] ?? 0;
    const spot = { node: one.node.id, index: input.map(at) };
    const [a, b] = [one.at(spot.index), two.at(kernel.map(at))];
    return { label: names.map((name, i) => `${name} ${place[i] ?? 0}`).join(" · "), part: times(a, b), spot, factors: [a.value, b.value] };
  });
  const magnitude = terms.reduce((all, { part }) => all + Math.abs(part.value), 0);
  return { how: "the first input × the second", terms, sign: "+", steps: [], result: sumOf(terms.map(({ part }) => part)), magnitude };
};
