// What of the model is visible: fused layers and folded blocks, and the links between them.

import type { Form, Kind, Manifest, NodeInfo, Role } from "../bundle/manifest.gen";
import type { Block } from "./blocks";
import { merged, type Unit } from "./fuse";
import { at, get, push } from "./list";
import { numberOf } from "./names";
import { topological, type Link } from "./order";
import { around, isFolded, plan } from "./plan";

export type { Block } from "./blocks";
export { isFolded } from "./plan";
export { buildTree, type TreeNode } from "./tree";

/** One box of the picture. */
export interface ViewNode {
  readonly id: string;
  readonly label: string;
  /** The label where there is room for a few letters only. */
  readonly short: string;
  readonly kind: Kind;
  readonly role: Role;
  /** Whether it only says yes or no, as what masks are made of. */
  readonly aside: boolean;
  readonly form: Form;
  /** The class of the layer, which says what a merge does. */
  readonly className: string;
  /** The node whose activation is on the face. */
  readonly shows: string;
  readonly shape: readonly number[];
  readonly axes: readonly string[];
  /** The shape in the order in which tensors are stored: channel first. */
  readonly stored: readonly number[];
  /** Ids of the nodes that it stands for, in topological order. */
  readonly members: readonly string[];
  /** Whether it is a folded block. */
  readonly folded: boolean;
  /** The innermost unfolded block around it. */
  readonly block: string | null;
  /** For a folded block the kinds of its layers, as often as each weighs. */
  readonly sheets: readonly Kind[];
}

export interface ViewGraph {
  /** In topological order. */
  readonly nodes: readonly ViewNode[];
  readonly links: readonly Link[];
  readonly blocks: ReadonlyMap<string, Block>;
  /** Unfolded blocks, with the visible boxes inside. */
  readonly brackets: ReadonlyMap<string, readonly string[]>;
  /** The visible box that a node, a unit or a block is in. */
  readonly boxOf: ReadonlyMap<string, string>;
}

/** Channel first; an output without a channel has its leading axes as one. */
function storedShape({ form, shape, channel_axis: channel }: NodeInfo): number[] {
  if (form === "scalar" || shape.length === 0) return [1];
  if (form === "generic") return [shape.slice(0, -1).reduce((product, side) => product * side, 1), at(shape, shape.length - 1)];
  return channel === null ? [...shape] : [at(shape, channel), ...shape.filter((_side, axis) => axis !== channel)];
}

const WEIGHT: Partial<Record<Kind, number>> = { activation: 1, norm: 0, reshape: 0 };

function sheetsOf(members: readonly NodeInfo[]): Kind[] {
  return members.flatMap((node) => new Array<Kind>(WEIGHT[node.kind] ?? 5).fill(node.kind));
}

function shown(unit: Unit, chosen: string | null): NodeInfo {
  const last = at(unit.members, unit.members.length - 1);
  return chosen === unit.id ? last : (unit.members.find((node) => node.id === chosen) ?? last);
}

function layerNode(unit: Unit, block: Block | undefined, selected: string | null): ViewNode {
  const [first, face] = [at(unit.members, 0), shown(unit, selected)];
  const prefix = block?.prefix ?? "";
  const label = prefix && unit.label.startsWith(`${prefix}_`) ? unit.label.slice(prefix.length + 1) : unit.label;
  return {
    id: unit.id, label, short: label, kind: first.kind, role: first.role, aside: face.dtype === "bool", form: face.form, className: first.class_name,
    shows: face.id, shape: face.shape, axes: face.axes, stored: storedShape(face), members: unit.members.map((node) => node.id),
    folded: false, block: block?.id ?? null, sheets: [],
  };
}

function blockNode(block: Block, units: readonly Unit[], links: readonly Link[], parent: string | null): ViewNode {
  const inside = new Set(block.members);
  const exits = new Set(links.filter((link) => inside.has(link.source) && !inside.has(link.target)).map((link) => link.source));
  const exit = [...units].reverse().find((unit) => exits.has(unit.id)) ?? at(units, units.length - 1);
  const face = at(exit.members, exit.members.length - 1);
  const nodes = units.flatMap((unit) => unit.members);
  const short = block.prefix ? numberOf(block.prefix) : block.label;
  return {
    id: block.id, label: block.label, short, kind: block.kind, role: "layer", aside: false, form: face.form, className: "", shows: face.id,
    shape: face.shape, axes: face.axes, stored: storedShape(face), members: nodes.map((node) => node.id), folded: true, block: parent, sheets: block.kind === "block" ? sheetsOf(nodes) : [],
  };
}

/** Of each model the graphs that were asked for last: who points at things asks for the same one again and again. */
const views = new WeakMap<Manifest, { readonly toggled: ReadonlySet<string>; readonly selected: string | null; readonly view: ViewGraph }[]>();
const KEPT = 4;

/**
 * The graph that is drawn. `toggled` holds the ids of blocks that are not as they started, `selected` a node whose
 * activation its box is to show even where it is not the last of its chain.
 */
export function viewGraph(manifest: Manifest, toggled: ReadonlySet<string>, selected: string | null = null): ViewGraph {
  const kept = views.get(manifest) ?? [];
  const known = kept.find((item) => item.toggled === toggled && item.selected === selected);
  if (known) return known.view;
  const view = drawn(manifest, toggled, selected);
  views.set(manifest, [{ toggled, selected, view }, ...kept].slice(0, KEPT));
  return view;
}

function drawn(manifest: Manifest, toggled: ReadonlySet<string>, selected: string | null): ViewGraph {
  const made = plan(manifest);
  const became = new Map<string, string>();
  const inside = new Map<string, Unit[]>();
  for (const unit of made.units) {
    const folded = around(made, unit.id).find((block) => isFolded(block, toggled));
    became.set(unit.id, folded?.id ?? unit.id);
    push(inside, folded?.id ?? unit.id, unit);
  }
  const links = merged(made.links, became);
  const ids = [...inside.keys()];
  const nodes = (topological(ids, links) ?? ids).map((id) => {
    const units = get(inside, id);
    const block = made.blocks.get(id);
    if (block) return blockNode(block, units, made.links, block.parent);
    return layerNode(at(units, 0), made.blocks.get(made.blockOf.get(id) ?? ""), selected);
  });
  const boxOf = new Map<string, string>(became);
  for (const [id, unit] of made.unitOf) boxOf.set(id, get(became, unit));
  const brackets = new Map<string, string[]>();
  for (const { id, block } of nodes) {
    boxOf.set(id, id);
    for (let outer = block; outer !== null; outer = get(made.blocks, outer).parent) push(brackets, outer, id);
  }
  for (const [id, block] of made.blocks) if (!boxOf.has(id)) boxOf.set(id, get(became, at(block.members, 0)));
  return { nodes, links, blocks: made.blocks, brackets, boxOf };
}
