// What can be folded in a model, worked out once a manifest.

import type { Manifest } from "../bundle/manifest.gen";
import { findBlocks, type Block } from "./blocks";
import { fuse, type Units } from "./fuse";
import { get } from "./list";

export interface Plan extends Units {
  readonly blocks: ReadonlyMap<string, Block>;
  /** The innermost block of a unit. */
  readonly blockOf: ReadonlyMap<string, string>;
}

const plans = new WeakMap<Manifest, Plan>();

/** Units and blocks of a model; they don't depend on what the person unfolded. */
export function plan(manifest: Manifest): Plan {
  const known = plans.get(manifest);
  if (known) return known;
  const units = fuse(manifest);
  const blocks = new Map(findBlocks(manifest, units).map((block) => [block.id, block]));
  const blockOf = new Map<string, string>();
  // Larger blocks first, so that the innermost one stays.
  for (const block of [...blocks.values()].sort((a, b) => b.members.length - a.members.length)) {
    for (const id of block.members) blockOf.set(id, block.id);
  }
  const made = { ...units, blocks, blockOf };
  plans.set(manifest, made);
  return made;
}

/** Whether a block is one box. `toggled` holds the blocks that are not as they started. */
export function isFolded(block: Block, toggled: ReadonlySet<string>): boolean {
  return block.folded !== toggled.has(block.id);
}

/** The blocks around a unit, from the outermost. */
export function around(made: Plan, unit: string): Block[] {
  const found: Block[] = [];
  for (let id = made.blockOf.get(unit) ?? null; id !== null; id = found[0]?.parent ?? null) found.unshift(get(made.blocks, id));
  return found;
}
