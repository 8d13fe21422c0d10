// Images made larger or smaller: between the values that lie nearest, half a pixel in.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import { scaled, sumOf } from "./known";
import { every, type Index } from "./places";
import type { Reckon, Term } from "./types";
import { Untold } from "./values";

interface Near {
  readonly place: number;
  readonly share: number;
}

/** The one or two places of the input along each axis, with their shares. */
export function nearest(rule: Rule, input: NodeInfo, node: NodeInfo, index: Index): Near[][] {
  return index.map((place, axis): Near[] => {
    const [given, made] = [input.shape[axis] ?? 1, node.shape[axis] ?? 1];
    if (!rule.axes.includes(axis) || given === made) return [{ place, share: 1 }];
    const at = ((place + 0.5) * given) / made - 0.5;
    const low = Math.floor(at);
    const pair = [{ place: Math.max(0, low), share: 1 - (at - low) }, { place: Math.min(given - 1, low + 1), share: at - low }];
    const [first, second] = pair;
    // At the edges both are the same value.
    if (!first || !second || first.place === second.place) return [{ place: first?.place ?? 0, share: 1 }];
    return pair.filter(({ share }) => share > 0);
  });
}

export const bilinear: Reckon = ({ rule, node, inputs: [input] }, index) => {
  if (!input) throw new Untold("What it is given is not in the file.");
  const near = nearest(rule, input.node, node, index);
  const terms = [...every(near.map(({ length }) => length))].map((choice): Term => {
    const chosen = choice.map((i, axis) => near[axis]?.[i] ?? { place: 0, share: 1 });
    const at = chosen.map(({ place }) => place);
    const share = chosen.reduce((product, one) => product * one.share, 1);
    const x = input.at(at);
    const label = rule.axes.map((axis) => `${input.node.axes[axis] ?? "place"} ${at[axis] ?? 0}`).join(" · ");
    return { label, part: scaled(x, share), spot: { node: input.node.id, index: at }, factors: [x.value, share] };
  });
  const magnitude = terms.reduce((all, { part }) => all + Math.abs(part.value), 0);
  return { how: "value × share, of the values that lie nearest", terms, sign: "+", steps: [], result: sumOf(terms.map(({ part }) => part)), magnitude };
};
