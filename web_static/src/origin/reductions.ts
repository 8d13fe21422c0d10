// One value of many: sums, means and extremes over whole axes.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import { scaled, sumOf, type Known } from "./known";
import { every, type Index } from "./places";
import type { Case, Patch, Reckon, Sum, Term } from "./types";
import { Untold } from "./values";

/** From and up to where the values lie that become one, along each axis of the input. */
export function spanOf(rule: Rule, input: NodeInfo, node: NodeInfo, index: Index): { from: number[]; to: number[] } {
  const kept = input.shape.length === node.shape.length;
  const rest = index.values();
  const from = input.shape.map((_, axis) => {
    const reduced = rule.axes.includes(axis);
    const place = reduced && !kept ? 0 : (rest.next().value ?? 0);
    return reduced ? 0 : place;
  });
  return { from, to: from.map((place, axis) => (rule.axes.includes(axis) ? (input.shape[axis] ?? 1) : place + 1)) };
}

interface Found {
  readonly list: readonly { readonly index: Index; readonly x: Known }[];
  readonly picture: Patch | null;
  readonly node: string;
  /** "y and x". */
  readonly over: string;
}

/** Values beyond which no picture of them is made. */
const DRAWN = 4096;

function found({ rule, node, inputs: [input] }: Case, index: Index): Found {
  if (!input) throw new Untold("What it is given is not in the file.");
  const { from, to } = spanOf(rule, input.node, node, index);
  const sizes = to.map((end, axis) => end - (from[axis] ?? 0));
  const list = [...every(sizes)].map((place) => {
    const at = place.map((one, axis) => one + (from[axis] ?? 0));
    return { index: at, x: input.at(at) };
  });
  const width = sizes.findLast((size) => size > 1) ?? 1;
  const picture = list.length > DRAWN ? null : { width, height: list.length / width, values: list.map(({ x }) => x.value) };
  const over = rule.axes.map((axis) => input.node.axes[axis] ?? `axis ${axis}`).join(" and ");
  return { list, picture, node: input.node.id, over };
}

function term(label: string, part: Known, { node, picture }: Found, index: Index): Term {
  return { label, part, spot: { node, index }, ...(picture ? { input: picture } : {}) };
}

function added(mean: boolean): Reckon {
  return (one, index): Sum => {
    const all = found(one, index);
    const { list } = all;
    const total = sumOf(list.map(({ x }) => x));
    const best = list.reduce((a, b) => (Math.abs(b.x.value) > Math.abs(a.x.value) ? b : a));
    const result = mean ? scaled(total, 1 / list.length) : total;
    const magnitude = list.reduce((size, { x }) => size + Math.abs(x.value), 0) / (mean ? list.length : 1);
    const steps = mean ? [{ text: `÷ ${list.length}`, value: result.value }] : [];
    return { how: `the ${mean ? "mean" : "sum"} over all of ${all.over}`, terms: [term(`sum of ${list.length} values`, total, all, best.index)], sign: "+", steps, result, magnitude };
  };
}

function extreme(sign: "max" | "min"): Reckon {
  return (one, index): Sum => {
    const all = found(one, index);
    const { list } = all;
    const best = list.reduce((a, b) => ((sign === "max" ? b.x.value > a.x.value : b.x.value < a.x.value) ? b : a));
    // It may be another one by as much as any is off.
    const off = list.reduce((most, { x }) => Math.max(most, x.off), 0);
    const word = sign === "max" ? "largest" : "smallest";
    return { how: `the ${word} value over all of ${all.over}`, terms: [term(`${word} of ${list.length}`, best.x, all, best.index)], sign, steps: [], result: { ...best.x, off }, magnitude: Math.abs(best.x.value) };
  };
}

export const meanOver = added(true);
export const sumOver = added(false);
export const maxOver = extreme("max");
export const minOver = extreme("min");
