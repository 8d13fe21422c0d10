// Which part of each input a value is worked out from: known without looking at any value.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { rowOf } from "./attention";
import { nearest } from "./bilinear";
import { parse } from "./dense";
import { chainOf } from "./explain";
import { partOf } from "./merges";
import { isMove, movedFrom } from "./moves";
import { reachOf } from "./norms";
import { joined, spaceOf, type Index } from "./places";
import { factorsOf } from "./products";
import { spanOf } from "./reductions";
import { gateOf } from "./single";
import { slid, tapsOf } from "./windows";

/** A box of values in a node's output, in its own order: from the first, up to and without the last. */
export interface Region {
  readonly node: string;
  readonly from: Index;
  readonly to: Index;
}

function cell(node: string, index: Index): Region {
  return { node, from: index, to: index.map((place) => place + 1) };
}

function box(node: NodeInfo, at: (axis: number) => readonly [number, number]): Region {
  const ends = node.shape.map((_, axis) => at(axis));
  return { node: node.id, from: ends.map(([from]) => from), to: ends.map(([, to]) => to) };
}

function whole(node: NodeInfo): Region {
  return box(node, (axis) => [0, node.shape[axis] ?? 1]);
}

/** The window, through all channels, those of its group, or its own. */
function windowed(rule: Rule, node: NodeInfo, input: NodeInfo, index: Index): Region | null {
  const read = slid(rule, input);
  const along = tapsOf(rule, node, input, index).map((taps) => taps.flatMap(({ place }) => (place === null ? [] : [place])));
  if (along.some((places) => places.length === 0)) return null;
  const channels = input.shape[read.channel_axis ?? -1] ?? 1;
  const [out, outs] = [index[node.channel_axis ?? -1] ?? 0, node.shape[node.channel_axis ?? -1] ?? 1];
  const parts = rule.name === "conv" ? rule.groups : rule.name === "separable" || rule.name === "transposed" ? 1 : channels;
  const each = channels / parts;
  const first = Math.floor(out / (outs / parts)) * each;
  return {
    node: input.id,
    from: joined(read, along.map((places) => Math.min(...places)), first),
    to: joined(read, along.map((places) => Math.max(...places) + 1), first + each),
  };
}

function of(rule: Rule, node: NodeInfo, inputs: readonly NodeInfo[], index: Index): Region[] {
  const [input, second] = inputs;
  if (!input) return [];
  if (isMove(rule)) {
    const from = movedFrom(rule, node, input, index);
    return from ? [cell(input.id, from)] : [];
  }
  switch (rule.name) {
    case "conv": case "depthwise": case "separable": case "transposed": case "max": case "mean": {
      const found = windowed(rule, node, input, index);
      return found ? [found] : [];
    }
    case "dense": {
      const { input: letters, output } = parse(rule.equation);
      return [box(input, (axis) => {
        const place = output.indexOf(letters[axis] ?? "");
        return place < 0 ? [0, input.shape[axis] ?? 1] : [index[place] ?? 0, (index[place] ?? 0) + 1];
      })];
    }
    case "concatenate": {
      const axis = rule.axes[0] ?? 0;
      const found = partOf(inputs.map(({ shape }) => shape), axis, index[axis] ?? 0);
      return inputs.flatMap((from, i) => (i === found?.input ? [cell(from.id, index.map((place, at) => (at === axis ? found.place : place)))] : []));
    }
    case "add": case "subtract": case "multiply": case "average": case "maximum": case "minimum": case "divide":
      return inputs.map((one) => cell(one.id, index.map((place, axis) => (one.shape[axis] === 1 ? 0 : place))));
    case "normalise": case "rms": case "group": case "unit":
      return [{ node: input.id, ...reachOf(rule, node, index) }];
    case "stack":
      return inputs.flatMap((from, i) => (i === index[rule.axes[0] ?? 0] ? [cell(from.id, index.filter((_, axis) => axis !== rule.axes[0]))] : []));
    case "mean_over": case "sum_over": case "max_over": case "min_over":
      return [{ node: input.id, ...spanOf(rule, input, node, index) }];
    case "product":
      return factorsOf(rule, inputs, index).map((factor) => ({ ...factor, node: factor.node.id }));
    case "bilinear": {
      const near = nearest(rule, input, node, index).map((list) => list.map(({ place }) => place));
      return [{ node: input.id, from: near.map((places) => Math.min(...places)), to: near.map((places) => Math.max(...places) + 1) }];
    }
    case "glu":
      return [cell(input.id, index), cell(input.id, gateOf(rule.axes[0] ?? 0, node, index))];
    case "embedding":
      return [cell(input.id, index.slice(0, -1))];
    case "scores": {
      const [head = 0, q = 0, k = 0] = index;
      const row = (one: NodeInfo, place: number): Region => {
        const at = rowOf(one, place, head);
        return { node: one.id, from: [...at, 0], to: [...at.map((start) => start + 1), one.shape[at.length] ?? 1] };
      };
      return [row(input, q), ...(second ? [row(second, k)] : [])];
    }
    case "attend": {
      const [heads = 1, , keys = 1] = input.shape;
      const [q = 0] = index;
      return [{ node: input.id, from: [0, q, 0], to: [heads, q + 1, keys] }, ...(second ? [whole(second)] : [])];
    }
    case "recurrent":
      return [box(input, (axis) => (rule.axes.includes(axis) && axis < index.length - 1 ? [index[axis] ?? 0, (index[axis] ?? 0) + 1] : [0, input.shape[axis] ?? 1]))];
    default:
      return [cell(input.id, index)];
  }
}

/** Boxes that show nothing of their own (flatten, dropout) are looked through: where their values come from. */
function through(report: Report, region: Region): Region {
  const node = report.node(region.node);
  const input = node?.rule?.inputs[0] === undefined ? undefined : report.node(node.rule.inputs[0]);
  if (!node?.rule || !input || node.role !== "stub" || !isMove(node.rule)) return region;
  if (region.from.every((from, axis) => from === 0 && region.to[axis] === node.shape[axis])) return through(report, whole(input));
  const [from, last] = [movedFrom(node.rule, node, input, region.from), movedFrom(node.rule, node, input, region.to.map((to) => to - 1))];
  const single = region.to.every((to, axis) => to === (region.from[axis] ?? 0) + 1);
  if (!from || !last || !(single || node.rule.name === "same")) return region;
  return through(report, { node: input.id, from, to: last.map((place) => place + 1) });
}

/** The same place in what is shown before a chain of stubs. */
export function seenThrough(report: Report, node: string, index: Index): { node: string; index: Index } {
  const { node: id, from } = through(report, cell(node, index));
  return { node: id, index: from };
}

/** What a value is worked out from, in the layers before the box that it is drawn in. */
export function regionsOf(report: Report, shown: NodeInfo, index: Index): Region[] {
  const node = chainOf(report, shown)[0] ?? shown;
  const { rule } = node;
  const inputs = (rule?.inputs ?? []).flatMap((id) => report.node(id) ?? []);
  if (inputs.length !== rule?.inputs.length) return [];
  return of(rule, node, inputs, index).map((region) => through(report, region));
}

/** "5×5×6", its space before its channels. */
export function sizeOf(report: Report, { node, from, to }: Region): number[] {
  const info = report.node(node);
  const sizes = to.map((end, axis) => end - (from[axis] ?? 0));
  const channel = info?.channel_axis ?? null;
  if (!info || channel === null) return sizes;
  const channels = sizes[channel] ?? 1;
  const space = spaceOf(info, sizes);
  return channels === 1 && space.length > 0 ? space : [...space, channels];
}

/** "5×5×6 patch of pool_1", "all of flatten", "one value of add_1". */
export function regionText(report: Report, region: Region): string {
  const size = sizeOf(report, region);
  const count = size.reduce((product, side) => product * side, 1);
  const node = report.node(region.node);
  const label = node?.label ?? region.node;
  if (count === 1) return `one value of ${label}`;
  if (region.from.every((from, axis) => from === 0 && region.to[axis] === node?.shape[axis])) return `all of ${label}`;
  return `${size.join("×")} patch of ${label}`;
}
