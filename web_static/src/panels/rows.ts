// Which rows the layer list shows: the tree, or what the search and the kinds leave of it.

import type { Kind, Manifest } from "../bundle/manifest.gen";
import type { TreeNode } from "../layout/tree";

export type RowNode = Omit<TreeNode, "names">;

export interface Row {
  readonly node: RowNode;
  readonly level: number;
  /** The name without that of the block around it. */
  readonly label: string;
  /** null for a row that has nothing inside. */
  readonly expanded: boolean | null;
}

/** A member's name without that of its block: "block6_dw_conv" in "block6" is "dw_conv". */
export function within(prefix: string, name: string): string {
  return prefix !== "" && name.startsWith(`${prefix}_`) ? name.slice(prefix.length + 1) : name;
}

/** The tree's rows that are not hidden in something closed. `prefixOf` gives what the members of a block all begin with. */
export function treeRows(
  tree: readonly TreeNode[],
  isOpen: (node: RowNode) => boolean,
  prefixOf: (block: string) => string,
  level = 1,
  prefix = "",
): Row[] {
  return tree.flatMap((node) => {
    const row = { node, level, label: within(prefix, node.label) };
    if (node.children.length === 0) return [{ ...row, expanded: null }];
    const expanded = isOpen(node);
    const inner = node.block ? prefixOf(node.id) : prefix;
    return [{ ...row, expanded }, ...(expanded ? treeRows(node.children, isOpen, prefixOf, level + 1, inner) : [])];
  });
}

/** Each layer call once, flat, with its own name and shape. */
export function leaves(manifest: Manifest): RowNode[] {
  return manifest.nodes.map(({ id, label, kind, role, shape, health }) => ({
    id, label, kind, role, shape, health, children: [], block: false, folded: false,
  }));
}

/** Layer calls of these kinds (none: all), with a health mark where only `ill` ones are wanted, whose name, class or path has all words of the query in it. */
export function found(manifest: Manifest, query: string, kinds: ReadonlySet<Kind>, ill = false): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = new Map(manifest.nodes.map((node) => [node.id, `${node.id} ${node.label} ${node.class_name} ${node.kind}`.toLowerCase()]));
  return leaves(manifest)
    .filter((node) => (kinds.size === 0 || kinds.has(node.kind)) && (!ill || node.health.length > 0))
    .filter((node) => words.every((word) => texts.get(node.id)?.includes(word)))
    .map((node) => ({ node, level: 1, label: node.label, expanded: null }));
}

/** How many layer calls there are of each kind, in the order in which they come. */
export function kindCounts(manifest: Manifest): ReadonlyMap<Kind, number> {
  const counts = new Map<Kind, number>();
  for (const { kind } of manifest.nodes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
