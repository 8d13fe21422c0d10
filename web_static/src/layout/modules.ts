// Modules that no name tells of: where the path forks and all branches meet again in one merge.

import type { Unit } from "./fuse";
import { at, get } from "./list";

/** Boxes that a module has at least, its merge among them; smaller ones are read as they are. */
const LEAST = 3;
/** Share of the model above which a fork and its merge are the model's own frame, such as the outermost skip of a U-Net. */
const FRAME = 0.4;

interface Graph {
  readonly inputs: ReadonlyMap<string, readonly string[]>;
  readonly outputs: ReadonlyMap<string, readonly string[]>;
  readonly index: ReadonlyMap<string, number>;
}

/** For each unit the last one that every path to it goes through; null where there is none. Units come in topological order. */
function dominators(units: readonly Unit[], { inputs, index }: Graph): Map<string, string | null> {
  const found = new Map<string, string | null>();
  const meet = (first: string | null, second: string | null): string | null => {
    let [a, b] = [first, second];
    while (a !== b) {
      if (a === null || b === null) return null;
      if (get(index, a) > get(index, b)) a = get(found, a);
      else b = get(found, b);
    }
    return a;
  };
  for (const { id } of units) found.set(id, (inputs.get(id) ?? []).reduce<string | null | undefined>((all, input) => (all === undefined ? input : meet(all, input)), undefined) ?? null);
  return found;
}

/**
 * The outermost modules, each with its merge last. Empty where the model as a whole is a frame of skips: what is inside
 * is a part of it then, and not one module after another.
 */
export function findModules(units: readonly Unit[], graph: Graph): Unit[][] {
  const idom = dominators(units, graph);
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const regions: Unit[][] = [];
  for (const merge of units) {
    const from = get(idom, merge.id);
    if (at(merge.members, 0).role !== "merge" || (graph.inputs.get(merge.id) ?? []).length < 2 || from === null) continue;
    const inside = new Set([merge.id]);
    const stack = [merge.id];
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      for (const input of graph.inputs.get(id) ?? []) {
        if (input === from || inside.has(input)) continue;
        inside.add(input);
        stack.push(input);
      }
    }
    const closed = [...inside].every((id) => id === merge.id || (graph.outputs.get(id) ?? []).every((target) => inside.has(target)));
    const group = merge.group;
    if (!closed || inside.size < LEAST || [...inside].some((id) => get(byId, id).group !== group)) continue;
    if (inside.size > FRAME * units.length) return [];
    regions.push(units.filter(({ id }) => inside.has(id)));
  }
  const taken = new Set<string>();
  return regions
    .sort((a, b) => b.length - a.length)
    .filter((region) => {
      if (region.some(({ id }) => taken.has(id))) return false;
      for (const { id } of region) taken.add(id);
      return true;
    })
    .sort((a, b) => get(graph.index, at(a, 0).id) - get(graph.index, at(b, 0).id));
}
