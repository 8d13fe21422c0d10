// Where lines meet: value by value, or one behind the other.

import { scaled, sumOf, times, exactly, type Known } from "./known";
import type { Index } from "./places";
import type { Case, Reckon, Step, Sum, Term } from "./types";
import { Untold, type Values } from "./values";
import { valueText } from "../words/format";

/** The index in an input whose axes of size 1 are repeated. */
export function repeated({ node }: Values, index: Index): Index {
  return index.map((place, axis) => (node.shape[axis] === 1 ? 0 : place));
}

function termsOf(one: Case, index: Index): Term[] {
  return one.inputs.map((input) => {
    const at = repeated(input, index);
    return { label: one.label(input.node.id), part: input.at(at), spot: { node: input.node.id, index: at } };
  });
}

function merged(how: string, sign: Sum["sign"], join: (parts: readonly Known[]) => Known, steps: (parts: readonly Known[], result: Known) => Step[] = () => []): Reckon {
  return (one, index) => {
    const terms = termsOf(one, index);
    const parts = terms.map(({ part }) => part);
    const result = join(parts);
    const magnitude = parts.reduce((all, part) => all + Math.abs(part.value), 0);
    return { how, terms, sign, steps: steps(parts, result), result, magnitude };
  };
}

function extreme(better: (a: number, b: number) => boolean): (parts: readonly Known[]) => Known {
  return (parts) => {
    const best = parts.reduce((a, b) => (better(b.value, a.value) ? b : a));
    return { ...best, off: Math.max(...parts.map(({ off }) => off)) };
  };
}

export const add = merged("the sum of its inputs", "+", sumOf);
export const multiply = merged("the product of its inputs", "×", (parts) => parts.reduce(times, exactly(1)));
export const average = merged(
  "the mean of its inputs", "+", (parts) => scaled(sumOf(parts), 1 / parts.length),
  (parts, result) => [{ text: `÷ ${parts.length}`, value: result.value }],
);
export const larger = merged("the largest of its inputs", "max", extreme((a, b) => a > b));
export const smaller = merged("the smallest of its inputs", "min", extreme((a, b) => a < b));

export const subtract: Reckon = (one, index) => {
  const terms = termsOf(one, index).map((term, i) => (i === 0 ? term : { ...term, label: `− ${term.label}`, part: scaled(term.part, -1) }));
  const magnitude = terms.reduce((all, { part }) => all + Math.abs(part.value), 0);
  return { how: "the first input less the second", terms, sign: "+", steps: [], result: sumOf(terms.map(({ part }) => part)), magnitude };
};

export const divide: Reckon = (one, index) => {
  const [dividend, divisor] = termsOf(one, index);
  if (!dividend || !divisor) throw new Untold("What it is given is not in the file.");
  const [a, b] = [dividend.part, divisor.part];
  const least = Math.abs(b.value) - b.off;
  if (b.off > 0 && least <= 0) throw new Untold("What it is divided by is stored too coarsely here to tell it from 0.");
  const value = a.value / b.value;
  const off = (a.off + Math.abs(value) * b.off) / least;
  const result = { value, off: Number.isFinite(value) ? off : 0, noise: (a.noise + value * value * b.noise) / b.value ** 2 };
  const steps = [{ text: `÷ ${divisor.label}, ${valueText(b.value)}`, value }];
  return { how: "the first input by the second", terms: [dividend], sign: "", steps, result, magnitude: Math.abs(value) };
};

export const stack: Reckon = (one, index) => {
  const axis = one.rule.axes[0] ?? 0;
  const input = one.inputs[index[axis] ?? 0];
  if (!input) throw new Untold("What it is given is not in the file.");
  const at = index.filter((_, i) => i !== axis);
  const part = input.at(at);
  const term = { label: one.label(input.node.id), part, spot: { node: input.node.id, index: at } };
  return { how: "handed on, one input for each place", terms: [term], sign: "", steps: [], result: part, magnitude: Math.abs(part.value) };
};

/** Which input a place along the joined axis is of, and where in it. */
export function partOf(shapes: readonly (readonly number[])[], axis: number, place: number): { input: number; place: number } | null {
  let rest = place;
  for (const [input, shape] of shapes.entries()) {
    const side = shape[axis] ?? 0;
    if (rest < side) return { input, place: rest };
    rest -= side;
  }
  return null;
}

export const concatenate: Reckon = (one, index) => {
  const axis = one.rule.axes[0] ?? 0;
  const found = partOf(one.inputs.map(({ node }) => node.shape), axis, index[axis] ?? 0);
  const input = found && one.inputs[found.input];
  if (!found || !input) throw new Untold("What it is given is not in the file.");
  const at = index.map((place, i) => (i === axis ? found.place : place));
  const part = input.at(at);
  const term = { label: `${one.label(input.node.id)}, ${input.node.axes[axis] ?? "place"} ${found.place}`, part, spot: { node: input.node.id, index: at } };
  return { how: "handed on, inputs one behind the other", terms: [term], sign: "", steps: [], result: part, magnitude: Math.abs(part.value) };
};
