// Norms and activations belong to the layer that they follow: one box shows what comes out of the chain.

import type { Manifest, NodeInfo } from "../bundle/manifest.gen";
import { at, get, push } from "./list";
import { topological, type Link } from "./order";

/** One or more nodes that are drawn as one box. */
export interface Unit {
  /** The first member's id. */
  readonly id: string;
  readonly label: string;
  readonly members: readonly NodeInfo[];
  readonly group: string | null;
}

export interface Units {
  /** In topological order. */
  readonly units: readonly Unit[];
  readonly links: readonly Link[];
  /** From a node to its unit. */
  readonly unitOf: ReadonlyMap<string, string>;
}

const LEADS = new Set(["conv", "depthwise", "dense", "pool", "merge", "recurrent", "attention", "embedding", "other", "norm"]);

function follows(node: NodeInfo, lead: NodeInfo): boolean {
  const joins = node.kind === "norm" || node.kind === "activation";
  return joins && node.role === "layer" && lead.role !== "stub" && lead.role !== "input" && LEADS.has(lead.kind) && node.group === lead.group;
}

/** "stem" for stem_conv, stem_bn and stem_relu, where nothing else is called so; else the first one's name. */
function nameOf(members: readonly NodeInfo[], heads: ReadonlyMap<string, number>): string {
  const { label } = at(members, 0);
  const head = headOf(label);
  const shared = members.length > 1 && head !== label && members.every((node) => headOf(node.label) === head);
  return shared && !/\d/.test(head) && heads.get(head) === members.length ? head : label;
}

function headOf(name: string): string {
  return name.split("_")[0] ?? name;
}

export function fuse({ nodes, edges }: Manifest): Units {
  const ids = nodes.map((node) => node.id);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const inner = edges.filter((edge) => edge.source !== edge.target && byId.has(edge.source) && byId.has(edge.target));
  const order = topological(ids, inner) ?? ids;
  const [inputs, outputs] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { source, target } of inner) {
    push(outputs, source, target);
    push(inputs, target, source);
  }
  const heads = new Map<string, number>();
  for (const { label } of nodes) heads.set(headOf(label), (heads.get(headOf(label)) ?? 0) + 1);

  const unitOf = new Map<string, string>();
  const chains = new Map<string, NodeInfo[]>();
  for (const id of order) {
    const node = get(byId, id);
    const feeds = inputs.get(id) ?? [];
    const lead = feeds.length === 1 ? get(byId, at(feeds, 0)) : null;
    const chain = lead && outputs.get(lead.id)?.length === 1 && follows(node, lead) ? get(unitOf, lead.id) : id;
    unitOf.set(id, chain);
    push(chains, chain, node);
  }
  const units = [...chains].map(([id, members]) => ({ id, label: nameOf(members, heads), members, group: at(members, 0).group }));
  return { units, links: merged(inner, unitOf), unitOf };
}

/** Links between what the nodes became: none from a thing to itself, none twice. */
export function merged(links: readonly Link[], became: ReadonlyMap<string, string>): Link[] {
  const made = new Map<string, Link>();
  for (const link of links) {
    const [source, target] = [get(became, link.source), get(became, link.target)];
    if (source !== target) made.set(JSON.stringify([source, target]), { source, target });
  }
  return [...made.values()];
}
