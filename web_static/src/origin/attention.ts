// Attention: how well a query fits each key, and what is made of the values by that; and rows of an embedding.

import type { NodeInfo } from "../bundle/manifest.gen";
import { exactly, plus, scaled, sumOf, times, type Known } from "./known";
import type { Index } from "./places";
import type { Reckon, Term } from "./types";
import { Untold, type Values } from "./values";
import { valueText } from "../words/format";

/** Where a row of a query, key or value lies: (place, head, dimension), or (place, dimension) where there is one head. */
export function rowOf(node: NodeInfo, place: number, head: number): number[] {
  return node.shape.length === 2 ? [place] : [place, head];
}

function product(query: Values, key: Values, head: number, q: number, k: number): Term[] {
  const [of, to] = [rowOf(query.node, q, head), rowOf(key.node, k, head)];
  const count = query.node.shape[of.length] ?? 1;
  return Array.from({ length: count }, (_, d): Term => {
    const [a, b] = [query.at([...of, d]), key.at([...to, d])];
    return { label: `dimension ${d}`, part: times(a, b), spot: { node: key.node.id, index: [...to, d] }, factors: [a.value, b.value] };
  });
}

export const scores: Reckon = ({ rule, own, node, inputs: [query, key] }, index) => {
  const [head = 0, q = 0, k = 0] = index;
  if (!query || !key) throw new Untold("What it is given is not in the file.");
  const factor = rule.numbers[0] ?? 1;
  const terms = product(query, key, head, q, k);
  const logit = scaled(sumOf(terms.map(({ part }) => part)), factor);
  const count = node.shape[2] ?? 1;
  let [rest, off, noise, masked] = [0, 0, 0, 0];
  for (let other = 0; other < count; other++) {
    const score = own.at([head, q, other]);
    // A mask leaves keys out: their scores are exactly zero, and so would be what they add.
    if (score.value === 0 && other !== k) {
      masked++;
      continue;
    }
    const one = scaled(sumOf(product(query, key, head, q, other).map(({ part }) => part)), factor);
    rest += Math.exp(one.value - logit.value);
    off = Math.max(off, one.off);
    noise = Math.max(noise, one.noise);
  }
  const value = 1 / rest;
  const shown = own.at(index);
  if (shown.value === 0 && value > 2 * shown.off + 1e-6) throw new Untold("Its score is 0: a mask leaves this key out.");
  const result = { value, off: Math.min(1, value * Math.expm1(logit.off + off)) + masked * 0.002, noise: value * value * (logit.noise + noise) };
  const steps = [
    { text: `× ${valueText(factor)}`, value: logit.value },
    { text: `→ softmax over ${count - masked} keys${masked > 0 ? `, ${masked} with a score of 0 left out` : ""}`, value },
  ];
  return { how: `query ${q} × key ${k} in head ${head}`, terms, sign: "+", steps, result, magnitude: terms.reduce((all, { part }) => all + Math.abs(part.value), 0) };
};

export const attend: Reckon = (one, index) => {
  const { inputs: [weights, values] } = one;
  const [q = 0, out = 0] = index;
  if (!weights || !values || index.length !== 2) throw new Untold("Attention over several axes is not told value by value.");
  const kernel = one.weight("kernel");
  const [keys = 1, heads = 1, size = 1] = values.node.shape;
  kernel.need(out);
  const terms = Array.from({ length: keys }, (_, k): Term => {
    const parts: { head: number; score: Known; part: Known }[] = [];
    for (let head = 0; head < heads; head++) {
      const score = weights.at([head, q, k]);
      let inner: Known = exactly(0);
      for (let d = 0; d < size; d++) inner = plus(inner, times(values.at([k, head, d]), kernel.at([head, d, out])));
      parts.push({ head, score, part: times(score, inner) });
    }
    const best = parts.reduce((a, b) => (b.score.value > a.score.value ? b : a));
    const label = `key ${k} · score ${parts.map(({ score }) => score.value.toFixed(2)).join(" ")}`;
    return { label, part: sumOf(parts.map(({ part }) => part)), spot: { node: weights.node.id, index: [best.head, q, k] } };
  });
  const bias = one.has("bias") ? one.weight("bias").at([out]) : null;
  const sum = sumOf(terms.map(({ part }) => part));
  const result = bias ? plus(sum, bias) : sum;
  const steps = bias ? [{ text: `+ bias ${valueText(bias.value)}`, value: result.value }] : [];
  const how = `query ${q}: each key's value by its score, head by head, through the output's weights`;
  return { how, terms, sign: "+", steps, result, magnitude: terms.reduce((all, { part }) => all + Math.abs(part.value), 0) };
};

export const embedding: Reckon = (one, index) => {
  const [input] = one.inputs;
  const at: Index = index.slice(0, -1);
  const id = input?.at(at);
  const column = index[index.length - 1] ?? 0;
  if (!input || !id) throw new Untold("What it is given is not in the file.");
  const table = one.weight("embeddings");
  const row = Math.trunc(id.value);
  const [rows = 0, columns = 0] = table.tensor.shape;
  if (id.off >= 0.5 || row >= rows || column >= columns) throw new Untold(`It is row ${row} of the table, column ${column}; that part of the table is not in the file.`);
  const part = table.at([row, column]);
  const term = { label: `row ${row} of the table, column ${column}`, part, spot: { node: input.node.id, index: at } };
  return { how: "looked up by the token", terms: [term], sign: "", steps: [], result: part, magnitude: Math.abs(part.value) };
};
