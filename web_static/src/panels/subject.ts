// What the inspector tells about: a layer call, a call that contains calls, or a block of layers.

import type { Fact, Health, Kind, NodeInfo, ReceptiveField, Weight } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { viewGraph } from "../layout/fold";
import { plan } from "../layout/plan";
import { countText, plural } from "../words/format";

export interface Subject {
  readonly id: string;
  readonly name: string;
  /** "Conv2D · kernel 5×5 · relu". */
  readonly about: string;
  readonly kind: Kind;
  readonly shape: readonly number[];
  readonly axes: readonly string[];
  /** Place of the channel in `shape`, where there is one. */
  readonly channelAxis: number | null;
  readonly dtype: string | null;
  readonly params: number;
  readonly trainable: number;
  readonly macs: number | null;
  /** Of one sample's output. */
  readonly bytes: number | null;
  /** Of the forward pass, 0..1. */
  readonly time: number | null;
  readonly field: ReceptiveField | null;
  readonly facts: readonly Fact[];
  readonly weights: readonly Weight[];
  readonly health: readonly Health[];
  readonly note: string | null;
  /** The node whose activation is shown. */
  readonly shows: string;
  /** Nodes inside a block or group, or drawn in one box with this layer. */
  readonly members: readonly string[];
  readonly membersTitle: string;
  /** Whether members stand on the shelf when the block is unfolded. */
  readonly block: boolean;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export function nameOf(report: Report, id: string): string {
  return report.node(id)?.label ?? plan(report.manifest).blocks.get(id)?.label ?? report.group(id)?.label ?? id;
}

/** Whether the page has anything to say about this id. */
export function isSubject(report: Report, id: string): boolean {
  return report.node(id) !== undefined || report.group(id) !== undefined || plan(report.manifest).blocks.has(id);
}

/** What is known of a number over several nodes; null where nothing is. */
function sum(nodes: readonly NodeInfo[], key: "macs" | "bytes" | "time_share"): number | null {
  return nodes.every((item) => item[key] === null) ? null : nodes.reduce((all, item) => all + (item[key] ?? 0), 0);
}

/** Everything known about a node, group or block; null for an id that this bundle does not have. */
export function subjectOf(report: Report, id: string, toggled: ReadonlySet<string>): Subject | null {
  const { before, after } = neighbours(report, id, toggled);
  const node = report.node(id);
  if (node) {
    const unit = plan(report.manifest).units.find((item) => item.members.some((member) => member.id === id));
    return {
      id, name: node.label, kind: node.kind, shape: node.shape, axes: node.axes, channelAxis: node.channel_axis, dtype: node.dtype,
      about: [node.class_name, ...telling(node.facts), node.call > 0 ? `call ${node.call + 1}` : ""].filter(Boolean).join(" · "),
      params: node.params, trainable: node.trainable_params, macs: node.macs, bytes: node.bytes, time: node.time_share, field: node.field, facts: node.facts, weights: node.weights,
      health: node.health, note: node.note, shows: id,
      members: unit && unit.members.length > 1 ? unit.members.map((member) => member.id) : [],
      membersTitle: "Drawn as one box", block: false, before, after,
    };
  }
  const group = report.group(id);
  const block = plan(report.manifest).blocks.get(id);
  const members = membersOf(report, id);
  const last = members[members.length - 1];
  if (!last || (!group && !block)) return null;
  const nodes = members.flatMap((member) => report.node(member) ?? []);
  const shows = exitOf(report, members) ?? last;
  const face = report.node(shows);
  const macs = sum(nodes, "macs");
  return {
    id, name: block?.label ?? group?.label ?? id, kind: "block",
    about: [group?.class_name ?? "Block", `of ${plural(members.length, "layer")}`].join(" "),
    shape: face?.shape ?? group?.shape ?? [], axes: face?.axes ?? [], channelAxis: face?.channel_axis ?? null, dtype: face?.dtype ?? null,
    params: group?.params ?? sharedParams(report, members, "params"),
    trainable: sharedParams(report, members, "trainable_params"),
    macs, bytes: sum(nodes, "bytes"), time: sum(nodes, "time_share"), field: face?.field ?? null, facts: group?.facts ?? [], weights: group?.weights ?? [], health: nodes.flatMap((item) => item.health), note: null, shows,
    members, membersTitle: "Inside", block: block !== undefined, before, after,
  };
}

/**
 * The node whose activation is on the face of what is chosen. A box shows what comes out of its last layer: the ReLU
 * behind a conv, where both are drawn as one.
 */
export function faceOf(report: Report, id: string, toggled: ReadonlySet<string>): string | null {
  const box = viewGraph(report.manifest, toggled, id).nodes.find((node) => node.id === id);
  return box?.shows ?? subjectOf(report, id, toggled)?.shows ?? null;
}

/** The facts that a person names a layer by: the kernel's size, a stride that is not 1, the activation. */
function telling(facts: readonly Fact[]): string[] {
  const texts = facts.flatMap(({ name, value }) => {
    if (name === "activation") return value === "linear" ? [] : [value];
    if (name === "stride" || name === "dilation") return /^1(×1)*$/.test(value) ? [] : [`${name} ${value}`];
    return ["kernel", "window", "size", "rate", "units", "heads"].includes(name) ? [`${name} ${value}`] : [];
  });
  return texts.slice(0, 3);
}

/** A layer that is called twice has its parameters once. */
function sharedParams(report: Report, ids: readonly string[], key: "params" | "trainable_params"): number {
  const layers = new Map(ids.flatMap((id) => report.node(id) ?? []).map((node) => [`${node.group ?? ""}\n${node.layer}`, node[key]]));
  return [...layers.values()].reduce((sum, count) => sum + count, 0);
}

function membersOf(report: Report, id: string): readonly string[] {
  const made = plan(report.manifest);
  const block = made.blocks.get(id);
  if (block) {
    const inside = new Set(block.members);
    return made.units.filter((unit) => inside.has(unit.id)).flatMap((unit) => unit.members.map((node) => node.id));
  }
  const isInside = (group: string | null): boolean => group !== null && (group === id || isInside(report.group(group)?.group ?? null));
  return report.manifest.nodes.filter((node) => isInside(node.group)).map((node) => node.id);
}

/** The last member that feeds something outside. */
function exitOf(report: Report, members: readonly string[]): string | undefined {
  const inside = new Set(members);
  return [...members].reverse().find((id) => report.outputsOf(id).some((target) => !inside.has(target)));
}

/** Where the arrow keys lead: from box to box, and from node to node inside of a box. */
export function neighbours(
  report: Report,
  id: string,
  toggled: ReadonlySet<string>,
): { readonly before: readonly string[]; readonly after: readonly string[] } {
  const view = viewGraph(report.manifest, toggled);
  if (view.nodes.some((node) => node.id === id)) {
    return {
      before: view.links.filter((link) => link.target === id).map((link) => link.source),
      after: view.links.filter((link) => link.source === id).map((link) => link.target),
    };
  }
  const inside = new Set(report.node(id) ? [id] : membersOf(report, id));
  const from = [...inside].flatMap((member) => report.inputsOf(member));
  const to = [...inside].flatMap((member) => report.outputsOf(member));
  return { before: unique(from).filter((item) => !inside.has(item)), after: unique(to).filter((item) => !inside.has(item)) };
}

function unique<T>(list: readonly T[]): T[] {
  return [...new Set(list)];
}

/** Two facts about a block or layer in one line, for tooltips. */
export function aboutText(subject: Subject): string {
  return subject.params > 0 ? `${subject.about} · ${countText(subject.params)} parameters` : subject.about;
}
