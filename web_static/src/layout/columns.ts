// Where a node stands: its column along the flow, and its lane among branches that run side by side.

import type { ViewGraph } from "./fold";
import { at, get, push } from "./list";

export interface Place {
  readonly column: number;
  /** 0 is the main path, on the base line; others stand above it. */
  readonly lane: number;
}

interface Graph {
  readonly ids: readonly string[];
  /** What says only yes or no; the main path does not go through it where there is another. */
  readonly asides: ReadonlySet<string>;
  readonly inputs: ReadonlyMap<string, readonly string[]>;
  readonly outputs: ReadonlyMap<string, readonly string[]>;
}

/** Steps from the start; what nothing feeds stands right before what it feeds. */
function columnsOf({ ids, inputs, outputs }: Graph): Map<string, number> {
  const column = new Map<string, number>();
  for (const id of ids) column.set(id, Math.max(-1, ...(inputs.get(id) ?? []).map((input) => get(column, input))) + 1);
  for (const id of ids) {
    if (inputs.has(id)) continue;
    const first = Math.min(...(outputs.get(id) ?? []).map((output) => get(column, output)));
    if (Number.isFinite(first)) column.set(id, first - 1);
  }
  return column;
}

/** Paths that together hold every node: each node goes on with the output from which the longest way is left. */
function chainsOf({ ids, asides, inputs, outputs }: Graph, column: ReadonlyMap<string, number>): string[][] {
  const left = new Map<string, number>();
  for (const id of [...ids].reverse()) left.set(id, Math.max(0, ...(outputs.get(id) ?? []).map((output) => get(left, output) + 1)) - (asides.has(id) ? 1 : 0));
  const aside = (id: string): number => Number(asides.has(id));
  const parent = (id: string): string | undefined =>
    [...(inputs.get(id) ?? [])].sort((a, b) => aside(a) - aside(b) || get(column, b) - get(column, a) || get(left, b) - get(left, a))[0];
  const chains = new Map<string, string[]>();
  const taken = new Set<string>();
  for (const id of ids) {
    const before = parent(id);
    const heirs = before === undefined ? [] : [...(outputs.get(before) ?? [])].filter((output) => parent(output) === before);
    const heir = heirs.sort((a, b) => aside(a) - aside(b) || get(left, b) - get(left, a))[0];
    const chain = before !== undefined && heir === id && !taken.has(before) ? chains.get(before) : undefined;
    if (before !== undefined && chain) taken.add(before);
    const mine = chain ?? [];
    mine.push(id);
    chains.set(id, mine);
  }
  return [...new Set(chains.values())].sort((a, b) => b.length - a.length);
}

/** Places for all nodes; no two share one, and a link never leads back to an earlier column. */
export function placeNodes({ nodes, links }: Pick<ViewGraph, "nodes" | "links">): ReadonlyMap<string, Place> {
  const [inputs, outputs] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { source, target } of links) {
    push(outputs, source, target);
    push(inputs, target, source);
  }
  const graph = { ids: nodes.map((node) => node.id), asides: new Set(nodes.filter((node) => node.aside).map((node) => node.id)), inputs, outputs };
  const column = columnsOf(graph);
  const places = new Map<string, Place>();
  /** For each lane the columns that are taken. */
  const lanes: boolean[][] = [];
  for (const chain of chainsOf(graph, column)) {
    const last = at(chain, chain.length - 1);
    const first = get(column, at(chain, 0));
    // A branch keeps its lane until it has been joined, so that its link runs on freely and comes down beside nothing.
    const joined = Math.min(...(outputs.get(last) ?? []).map((id) => get(column, id)));
    const end = Number.isFinite(joined) && lanes.length > 0 ? Math.max(get(column, last), joined) : get(column, last);
    const free = (lane: readonly boolean[]): boolean => !lane.some((taken, i) => taken && i >= first && i <= end);
    let lane = lanes.findIndex(free);
    if (lane < 0) lane = lanes.push([]) - 1;
    const taken = at(lanes, lane);
    for (let i = first; i <= end; i++) taken[i] = true;
    for (const id of chain) places.set(id, { column: get(column, id), lane });
  }
  return lowered(places);
}

/** Lanes of a column without holes below them. Columns that are linked by a branch keep their order. */
function lowered(places: ReadonlyMap<string, Place>): ReadonlyMap<string, Place> {
  const used = new Set([...places.values()].map((place) => place.lane));
  const rank = new Map([...used].sort((a, b) => a - b).map((lane, i) => [lane, i]));
  return new Map([...places].map(([id, { column, lane }]) => [id, { column, lane: get(rank, lane) }]));
}
