// How everything stands in the window: the layout, the camera that shows all of it, and which labels speak.

import type { Report } from "../bundle/model";
import { sizing } from "../forms/sizing";
import { focusLayout } from "../layout/focus";
import type { ViewGraph, ViewNode } from "../layout/fold";
import { layout as shelves } from "../layout/layout";
import { PITCH } from "../layout/measures";
import type { Layout, Options, Placed } from "../layout/types";
import type { ViewState } from "../state/store";
import { fit, Lens, type Extent, type Frame, type View } from "./camera";
import { labelWidth } from "./labels";
import { RESERVED, showable } from "./predictions";
import { corners } from "./solid";
import { trimmed } from "./trim";

export interface Arrangement {
  readonly layout: Layout;
  readonly home: View;
  /** The opened box that faces the person. */
  readonly focus: string | null;
  /** Whether an item may have a label. */
  readonly labelled: (item: Placed) => boolean;
  readonly frame: Frame;
  readonly phone: boolean;
}

const PHONE = 640;
/** From where the opened layer and its neighbours are seen. */
const FOCUS = { yaw: -5, pitch: 7 };

/** The box that faces the person: the selected one, where it alone is open. */
export function focusOf({ open, selected }: ViewState, view: ViewGraph): string | null {
  if (open.size !== 1 || selected === null || !open.has(selected)) return null;
  return view.boxOf.get(selected) ?? null;
}

function frameOf({ hint }: ViewState, width: number, height: number): Frame {
  if (width < PHONE) return { width, height, left: 14, right: 14, top: hint ? 46 : 18, bottom: 14 };
  return { width, height, left: 30, right: 30, top: hint ? 50 : 32, bottom: 28 };
}

export function arrange(report: Report, view: ViewGraph, state: ViewState, width: number, height: number): Arrangement {
  const [focus, frame, phone] = [focusOf(state, view), frameOf(state, width, height), width < PHONE];
  const means = state.mode === "attribution";
  const sizes = sizing(report, view, means);
  const outputs = new Set(report.sample(state.sample)?.predictions.filter(showable).map(({ node }) => view.boxOf.get(node)));
  const options: Options = {
    width: width - frame.left - frame.right, height: height - frame.top - frame.bottom, phone, labelWidth, mosaics: sizes.mosaics,
    sizeOf: (node, upright) => sizes.sizeOf(node, upright),
    reserve: (node) => (outputs.has(node.id) && !phone ? RESERVED : 0),
  };
  const faceOf = (node: ViewNode): ReturnType<typeof sizes.openSize> => (means ? sizes.sizeOf(node, false) : sizes.openSize(node));
  const layout = focus === null ? shelves(view, options) : focusLayout(view, focus, faceOf, options);
  const direction = focus === null ? { yaw: 0, pitch: PITCH } : FOCUS;
  const home = fit(focus === null ? whole(layout, options) : near(layout, focus, phone), frame, direction.yaw, direction.pitch);
  const speaking = focus === null ? null : new Set([focus, ...beside(layout.placed, focus)]);
  const cut = trimmed(layout, new Lens(home, width, height));
  return { layout: cut, home, focus, frame, phone, labelled: ({ node }) => speaking === null || speaking.has(node.id) };
}

function extentsOf(item: Placed, layout: Layout, right: number): Extent[] {
  const labelled = layout.level === 0 ? 42 : 28;
  const flat = { ...item.pose, y: item.floor, height: item.pose.height + item.pose.y - item.floor };
  const half = !item.glyph && item.node.role !== "stub" ? labelWidth(item.node, layout.level) / 2 : 0;
  const foot = { point: { x: item.pose.x, y: item.floor, z: item.pose.z }, left: half, right: half };
  return [foot, ...corners(flat).map((point, corner) => ({ point, bottom: corner & 2 ? labelled : 0, right: corner & 1 ? right : 0 }))];
}

function whole(layout: Layout, { reserve }: Options): Extent[] {
  const wires = layout.wires.filter((wire) => wire.kind === "rail" || wire.kind === "skip");
  return [...layout.placed.flatMap((item) => extentsOf(item, layout, reserve(item.node))), ...wires.flatMap((wire) => wire.points.map((point) => ({ point })))];
}

/** The opened layer with the one before and the one behind; on a phone it alone. */
function near(layout: Layout, focus: string, phone: boolean): Extent[] {
  const shown = new Set([focus, ...(phone ? [] : beside(layout.placed, focus))]);
  return layout.placed.filter(({ node }) => shown.has(node.id)).flatMap((item) => extentsOf(item, layout, 0));
}

/** The nearest layers on either side, glyphs and stubs passed over. */
function beside(placed: readonly Placed[], focus: string): string[] {
  const center = placed.findIndex(({ node }) => node.id === focus);
  const first = (list: readonly Placed[]): string[] => list.filter(({ glyph, node }) => !glyph && node.role !== "stub").slice(0, 1).map(({ node }) => node.id);
  return [...first(placed.slice(0, center).reverse()), ...first(placed.slice(center + 1))];
}
