// Which rows the layer list shows: the tree, or what the search and the kinds leave of it.

import type { Kind, Manifest } from "../bundle/manifest.gen";
import type { TreeNode } from "../layout/tree";

export type RowNode = Omit<TreeNode, "names">;

export interface Row {
  readonly node: RowNode;
  readonly level: number;
  /** null for a row that has nothing inside. */
  readonly expanded: boolean | null;
}

/** The tree's rows that are not hidden in something closed. */
export function treeRows(tree: readonly TreeNode[], isOpen: (node: RowNode) => boolean, level = 1): Row[] {
  return tree.flatMap((node) => {
    if (node.children.length === 0) return [{ node, level, expanded: null }];
    const expanded = isOpen(node);
    return [{ node, level, expanded }, ...(expanded ? treeRows(node.children, isOpen, level + 1) : [])];
  });
}

/** Each layer call once, flat, with its own name and shape. */
export function leaves(manifest: Manifest): RowNode[] {
  return manifest.nodes.map(({ id, label, kind, role, shape, health }) => ({
    id, label, kind, role, shape, health, children: [], block: false, folded: false,
  }));
}

/** Layer calls of these kinds (none: all) whose name, class or path has all words of the query in it. */
export function found(manifest: Manifest, query: string, kinds: ReadonlySet<Kind>): Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = new Map(manifest.nodes.map((node) => [node.id, `${node.id} ${node.label} ${node.class_name} ${node.kind}`.toLowerCase()]));
  return leaves(manifest)
    .filter((node) => kinds.size === 0 || kinds.has(node.kind))
    .filter((node) => words.every((word) => texts.get(node.id)?.includes(word)))
    .map((node) => ({ node, level: 1, expanded: null }));
}

/** How many layer calls there are of each kind, in the order in which they come. */
export function kindCounts(manifest: Manifest): ReadonlyMap<Kind, number> {
  const counts = new Map<Kind, number>();
  for (const { kind } of manifest.nodes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
