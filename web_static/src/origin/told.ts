// What is told of a cell, kept for a while: the card and the scene ask for the same.

import type { Report } from "../bundle/model";
import { explain, type Origin } from "./explain";
import type { Index } from "./places";

const KEPT = 24;
/** By sample: a live page puts another one into the place of one. */
const stores = new WeakMap<object, Map<string, Promise<Origin | null>>>();

export function told(report: Report, sample: number, id: string, index: Index): Promise<Origin | null> {
  const owner = report.sample(sample) ?? report;
  const kept = stores.get(owner) ?? new Map<string, Promise<Origin | null>>();
  stores.set(owner, kept);
  const key = `${sample} ${index.join()} ${id}`;
  const known = kept.get(key);
  if (known) return known;
  const node = report.node(id);
  const made = node ? explain(report, sample, node, index) : Promise.resolve(null);
  kept.set(key, made);
  // A blob that failed on the way can be asked for again.
  made.catch(() => kept.delete(key));
  for (const old of kept.keys()) {
    if (kept.size <= KEPT) break;
    kept.delete(old);
  }
  return made;
}
