// Blocks: calls that contain calls, layers whose names share a numbered beginning, and where neither is to be found,
// modules between a fork and its merge.

import type { Kind, Manifest } from "../bundle/manifest.gen";
import type { Unit, Units } from "./fuse";
import { at, get, median, push } from "./list";
import { numberedPrefixes, pattern, spoken } from "./names";
import { findModules } from "./modules";
import { convex } from "./order";

/** A model with more nodes than this starts with its blocks folded. */
export const FOLD_ABOVE = 60;

export interface Block {
  readonly id: string;
  readonly label: string;
  /** What members' names are stripped of; empty for a call group. */
  readonly prefix: string;
  /** Units, in topological order. */
  readonly members: readonly string[];
  readonly parent: string | null;
  /** Whether it starts as one box. */
  readonly folded: boolean;
  /** "block", or for layers that are made of layers what they are. */
  readonly kind: Kind;
}

/** Layers of Keras that are made of layers; a person thinks of them as one. */
const COMPOSITE: readonly (readonly [RegExp, Kind])[] = [
  [/Attention/, "attention"],
  [/Bidirectional|RNN|LSTM|GRU/, "recurrent"],
];

function compositeKind(className: string): Kind | null {
  return COMPOSITE.find(([name]) => name.test(className))?.[1] ?? null;
}

type Neighbours = ReadonlyMap<string, readonly string[]>;

interface Graph {
  readonly inputs: Neighbours;
  readonly outputs: Neighbours;
  readonly index: ReadonlyMap<string, number>;
}

function graphOf({ units, links }: Units): Graph {
  const [inputs, outputs] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { source, target } of links) {
    push(outputs, source, target);
    push(inputs, target, source);
  }
  return { inputs, outputs, index: new Map(units.map((unit, i) => [unit.id, i])) };
}

/** The merges at its end whose other branch comes from outside stand outside: the skip is drawn around the block. */
function withoutOuterMerge(members: readonly Unit[], { inputs }: Graph): Unit[] {
  const inside = new Set(members.map((unit) => unit.id));
  let end = members.length;
  members.forEach((unit, i) => {
    const outer = (inputs.get(unit.id) ?? []).some((id) => !inside.has(id));
    if (at(unit.members, 0).role === "merge" && outer && i >= members.length - 2) end = Math.min(end, i);
  });
  return members.slice(0, end);
}

/** For each pattern with at least two siblings of two boxes or more, its prefixes and their members. */
function namedBlocks(units: readonly Unit[], graph: Graph): Map<string, Unit[]> {
  const byPrefix = new Map<string, Unit[]>();
  for (const unit of units) {
    if (at(unit.members, 0).role === "input") continue;
    for (const prefix of numberedPrefixes(at(unit.members, 0).label)) push(byPrefix, `${unit.group ?? ""}\n${prefix}`, unit);
  }
  const siblings = new Map<string, string[]>();
  for (const key of byPrefix.keys()) push(siblings, pattern(key), key);
  const found = new Map<string, Unit[]>();
  for (const keys of siblings.values()) {
    const blocks = keys.map((key) => [key, withoutOuterMerge(get(byPrefix, key), graph)] as const);
    const large = blocks.filter(([, members]) => members.length > 1);
    if (large.length < 2 || median(blocks.map(([, members]) => members.length)) < 2) continue;
    for (const [key, members] of large) found.set(key, members);
  }
  // A unit belongs to the finest block that it can belong to.
  const finest = new Map<string, string>();
  for (const [key, members] of found) {
    for (const { id } of members) if (key.length > (finest.get(id)?.length ?? 0)) finest.set(id, key);
  }
  const kept = new Map<string, Unit[]>();
  for (const unit of units) {
    const key = finest.get(unit.id);
    if (key !== undefined) push(kept, key, unit);
  }
  return kept;
}

export function findBlocks(manifest: Manifest, parts: Units): Block[] {
  const { units } = parts;
  const graph = graphOf(parts);
  const foldable = (members: readonly Unit[]): boolean =>
    members.length > 1 && members.length < units.length && convex(new Set(members.map((unit) => unit.id)), graph.outputs, graph.index);
  const many = manifest.nodes.length > FOLD_ABOVE;
  const named = many ? [...namedBlocks(units, graph)].filter(([, members]) => foldable(members)) : [];

  const parents = new Map(manifest.groups.map((group) => [group.id, group.group]));
  const byGroup = new Map<string, Unit[]>();
  for (const unit of units) {
    for (let id = unit.group; id !== null; id = parents.get(id) ?? null) push(byGroup, id, unit);
  }
  const groups = manifest.groups.filter((group) => foldable(byGroup.get(group.id) ?? []));
  const isBlock = new Set(groups.map((group) => group.id));
  const enclosing = (start: string | null): string | null => {
    let id = start;
    while (id !== null && !isBlock.has(id)) id = parents.get(id) ?? null;
    return id;
  };
  const blocks: Block[] = named.map(([key, members]) => {
    const prefix = key.slice(key.indexOf("\n") + 1);
    const parent = enclosing(at(members, 0).group);
    // Two nested models may each have a block 1.
    const id = `block:${parent === null ? "" : `${parent}/`}${prefix}`;
    return { id, label: spoken(prefix), prefix, members: members.map((unit) => unit.id), parent, folded: true, kind: "block" };
  });
  if (many && blocks.length === 0 && groups.length === 0) {
    const modules = findModules(units, graph);
    for (const members of modules.length > 1 ? modules : []) {
      const merge = at(members, members.length - 1);
      blocks.push({ id: `block:${merge.id}`, label: merge.label, prefix: "", members: members.map((unit) => unit.id), parent: null, folded: true, kind: "block" });
    }
  }
  const hasBlocks = new Set([...blocks.map((block) => block.parent), ...groups.map((group) => enclosing(group.group))]);
  for (const group of groups) {
    const members = (byGroup.get(group.id) ?? []).map((unit) => unit.id);
    const composite = compositeKind(group.class_name);
    const folded = composite !== null || (many && !hasBlocks.has(group.id) && members.length < 0.7 * units.length);
    blocks.push({ id: group.id, label: group.label, prefix: "", members, parent: enclosing(group.group), folded, kind: composite ?? "block" });
  }
  return blocks;
}
