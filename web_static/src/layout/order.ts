// Topological order of a graph, and whether a set of its nodes can become one.

import { get, push } from "./list";

export interface Link {
  readonly source: string;
  readonly target: string;
}

/** Adds an item to a list that is sorted from high to low rank. */
function insert(list: string[], item: string, rank: ReadonlyMap<string, number>): void {
  const mine = get(rank, item);
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (get(rank, list[middle] ?? item) > mine) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, item);
}

/**
 * The nodes so that links lead forward, otherwise as given. Null where the links make a circle.
 */
export function topological(ids: readonly string[], links: readonly Link[]): string[] | null {
  const rank = new Map(ids.map((id, i) => [id, i]));
  const waits = new Map(ids.map((id) => [id, 0]));
  const next = new Map<string, string[]>();
  for (const { source, target } of links) {
    waits.set(target, get(waits, target) + 1);
    push(next, source, target);
  }
  const ready = ids.filter((id) => waits.get(id) === 0).reverse();
  const order: string[] = [];
  for (let id = ready.pop(); id !== undefined; id = ready.pop()) {
    order.push(id);
    for (const target of next.get(id) ?? []) {
      const left = get(waits, target) - 1;
      waits.set(target, left);
      if (left === 0) insert(ready, target, rank);
    }
  }
  return order.length === ids.length ? order : null;
}

/** Whether no path leaves the set and comes back, so that folding it leaves the links without a circle. */
export function convex(members: ReadonlySet<string>, outputs: ReadonlyMap<string, readonly string[]>, index: ReadonlyMap<string, number>): boolean {
  const last = Math.max(...[...members].map((id) => get(index, id)));
  const seen = new Set<string>();
  const stack = [...members].flatMap((id) => outputs.get(id) ?? []).filter((id) => !members.has(id));
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (members.has(id)) return false;
    if (seen.has(id) || get(index, id) > last) continue;
    seen.add(id);
    stack.push(...(outputs.get(id) ?? []));
  }
  return true;
}
