// Values that are only moved: reshaped, permuted, repeated, padded, cropped.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import { exactly } from "./known";
import { ravel, unravel, type Index } from "./places";
import type { Reckon } from "./types";
import { Untold } from "./values";

const MOVES: ReadonlySet<string> = new Set(["same", "reshape", "permute", "repeat", "shift", "slice"]);

export function isMove(rule: Rule | null): boolean {
  return rule !== null && MOVES.has(rule.name);
}

/** Where in the input a value comes from; null for padding. */
export function movedFrom(rule: Rule, node: NodeInfo, input: NodeInfo, index: Index): Index | null {
  if (rule.name === "same") return index;
  if (rule.name === "reshape") return unravel(ravel(index, node.shape), input.shape);
  if (rule.name === "permute") return rule.axes.map((axis) => index[axis] ?? 0);
  if (rule.name === "repeat") return index.map((place, axis) => Math.floor(place / (rule.stride[axis] ?? 1)));
  if (rule.name === "slice") return rule.axes.map((axis, j) => (rule.before[j] ?? 0) + (axis < 0 ? 0 : (index[axis] ?? 0) * (rule.stride[j] ?? 1)));
  const from = index.map((place, axis) => place - (rule.before[axis] ?? 0));
  return from.every((place, axis) => place >= 0 && place < (input.shape[axis] ?? 0)) ? from : null;
}

export const moved: Reckon = ({ rule, node, inputs: [input], label }, index) => {
  if (!input) throw new Untold("What it is given is not in the file.");
  const from = movedFrom(rule, node, input.node, index);
  if (!from) return { how: "padding: outside of its input there are zeros", terms: [], sign: "", steps: [], result: exactly(0), magnitude: 0 };
  const part = input.at(from);
  const names = input.node.axes.map((name, axis) => `${name} ${from[axis] ?? 0}`).join(" · ");
  const how = rule.name === "same" ? "handed on as it is" : rule.name === "repeat" ? "repeated" : "the same value at another place";
  const term = { label: `${label(input.node.id)}: ${names}`, part, spot: { node: input.node.id, index: from } };
  return { how, terms: [term], sign: "", steps: [], result: part, magnitude: Math.abs(part.value) };
};
