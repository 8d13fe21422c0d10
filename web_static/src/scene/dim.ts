// What stands back: boxes that filters leave out, forms that a heat map says nothing about, and layers without
// kernels where kernels are shown.

import { featureOf } from "../bundle/features";
import type { Report } from "../bundle/model";
import { weightOf } from "../forms/plates";
import type { Placed, Pose } from "../layout/types";
import type { ViewState } from "../state/store";

const OUT = 0.72;
const NO_MAP = 0.55;
const MAPS = new Set(["planes", "image", "volume"]);

export function filtered(report: Report, { node }: Placed, { kinds, ill }: ViewState): boolean {
  if (!ill && kinds.size === 0) return false;
  const members = node.members.map((id) => report.node(id));
  if (ill && !members.some((member) => (member?.health.length ?? 0) > 0)) return true;
  return kinds.size > 0 && !kinds.has(node.kind) && !members.some((member) => kinds.has(member?.kind ?? "other"));
}

export function dimmed(report: Report, item: Placed, pose: Pose, state: ViewState, focus: string | null): Pose {
  const other = !MAPS.has(item.node.form) && focus === null;
  const mute = state.mode === "attribution" && (other || item.node.role === "stub");
  const bare = state.mode === "kernels" && item.node.role !== "stub" && weightOf(report, item.node.members) === undefined;
  const unasked = state.mode === "features" && item.node.kind !== "input" && featureOf(report, item.node.members) === null;
  const fade = Math.max(pose.fade, bare || unasked ? OUT : 0, mute ? NO_MAP : 0, filtered(report, item, state) ? OUT : 0);
  return fade === pose.fade ? pose : { ...pose, fade };
}
