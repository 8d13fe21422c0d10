// The model as the list on the left shows it: blocks, layers in them, fused layers under the one that leads.

import type { Health, Kind, Role } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import type { ViewState } from "../state/store";
import { around, isFolded, plan } from "./plan";
import { at, get } from "./list";

export interface TreeNode {
  readonly id: string;
  readonly label: string;
  /** Everything that a search should find it by: its own name and those of the layers that it is made of. */
  readonly names: string;
  readonly kind: Kind;
  readonly role: Role;
  readonly shape: readonly number[];
  readonly health: readonly Health[];
  readonly children: readonly TreeNode[];
  /** A block whose members stand on the shelf one by one when it is not folded. */
  readonly block: boolean;
  readonly folded: boolean;
}

type Open = TreeNode & { readonly children: TreeNode[] };

/** The layer tree, in the order of the data's flow. */
export function buildTree(report: Report, state: Pick<ViewState, "unfolded">): TreeNode[] {
  const made = plan(report.manifest);
  const blocks = new Map<string, Open>();
  const roots: TreeNode[] = [];
  for (const unit of made.units) {
    let list = roots;
    for (const block of around(made, unit.id)) {
      let node = blocks.get(block.id);
      if (!node) {
        const inside = new Set(block.members);
        const nodes = made.units.filter((item) => inside.has(item.id)).flatMap((item) => item.members);
        node = {
          id: block.id, label: block.label, names: `${block.label} ${block.prefix}`, kind: block.kind, role: "layer", shape: at(nodes, nodes.length - 1).shape,
          health: nodes.flatMap((item) => item.health), children: [], block: true, folded: isFolded(block, state.unfolded),
        };
        blocks.set(block.id, node);
        list.push(node);
      }
      list = get(blocks, block.id).children;
    }
    const members = unit.members.map((node): TreeNode => ({
      id: node.id, label: node.label, names: node.label, kind: node.kind, role: node.role, shape: node.shape,
      health: node.health, children: [], block: false, folded: false,
    }));
    const [first, ...rest] = members;
    if (!first) continue;
    const last = at(members, members.length - 1);
    list.push({
      ...first, label: unit.label, names: unit.members.map((node) => node.label).join(" "), shape: last.shape,
      health: members.flatMap((item) => item.health), children: rest,
    });
  }
  return roots;
}
