// One layer opened: it faces the person, what comes before and after stands beside it, turned and faded.

import type { ViewGraph, ViewNode } from "./fold";
import { rounded } from "./lines";
import { at, get, push } from "./list";
import * as m from "./measures";
import type { Layout, Options, Placed, Pose, Size, Wire } from "./types";

/** Longest side of the opened face. */
export const OPEN_SIDE = 7.4;
const TURNS = [0, -34, -52, -62];
const SCALES = [1, 1.15, 0.95, 0.8];
const FADES = [0, 0.22, 0.55, 0.74];
const REACH = 3;

/** The way through a node that has most nodes on it: up to three before and three behind. */
function line(view: ViewGraph, id: string): { node: ViewNode; step: number }[] {
  const index = new Map(view.nodes.map((node, i) => [node.id, i]));
  const byId = new Map(view.nodes.map((node) => [node.id, node]));
  const [inputs, outputs] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const { source, target } of view.links) {
    push(outputs, source, target);
    push(inputs, target, source);
  }
  const walk = (next: ReadonlyMap<string, readonly string[]>, sign: 1 | -1): { node: ViewNode; step: number }[] => {
    const found: { node: ViewNode; step: number }[] = [];
    let [here, step] = [id, 0];
    while (step < REACH) {
      // The nearest in order is the one on the main path.
      const near = [...(next.get(here) ?? [])].sort((a, b) => sign * (get(index, a) - get(index, b)))[0];
      if (near === undefined) break;
      here = near;
      const node = get(byId, here);
      if (node.role === "layer" || node.role === "input") step++;
      found.push({ node, step: sign * Math.max(1, step) });
    }
    return found;
  };
  return [...walk(inputs, -1).reverse(), { node: get(byId, id), step: 0 }, ...walk(outputs, 1)];
}

/** Half of the room that a thing takes along the line. */
function half({ width, depth }: Size, turn: number): number {
  const angle = (Math.abs(turn) * Math.PI) / 180;
  return (width * Math.cos(angle) + depth * Math.sin(angle)) / 2;
}

/** The face of the opened layer, wide as its shelf face is, its longest side as long as can be. */
function opened({ width, height }: Size): Size {
  const grow = OPEN_SIDE / Math.max(width, height);
  return { width: width * grow, height: height * grow, depth: 0.16 };
}

export function focusLayout(view: ViewGraph, id: string, faceOf: (node: ViewNode) => Size, options: Options): Layout {
  const shown = line(view, id);
  const middle = shown.findIndex((item) => item.step === 0);
  const poses: (Pose & { glyph: boolean })[] = [];
  for (const { node, step } of shown) {
    const far = Math.min(Math.abs(step), REACH);
    const glyph = node.role === "merge" && !node.folded && step !== 0;
    const size = options.sizeOf(node, true);
    const grow = at(SCALES, far);
    const mine = step === 0 ? opened(faceOf(node)) : { width: size.width * grow, height: size.height * grow, depth: size.depth * grow };
    const lift = glyph ? m.RAIL : node.role === "stub" && step !== 0 ? m.RAIL - mine.height / 2 : 0;
    poses.push({ ...mine, x: 0, y: lift, z: 0, turn: at(TURNS, far), fade: at(FADES, far), glyph });
  }
  const extent = poses.map((pose) => (pose.glyph ? m.GLYPH / 2 : half(pose, pose.turn)));
  const place: number[] = poses.map(() => 0);
  const gap = 0.55;
  for (let i = middle + 1; i < poses.length; i++) place[i] = at(place, i - 1) + at(extent, i - 1) + at(extent, i) + gap;
  for (let i = middle - 1; i >= 0; i--) place[i] = at(place, i + 1) - at(extent, i + 1) - at(extent, i) - gap;

  const placed: Placed[] = shown.map(({ node }, i) => {
    const { glyph, ...pose } = at(poses, i);
    return { node, pose: { ...pose, x: at(place, i) }, row: 0, column: i, lane: 0, floor: 0, glyph };
  });
  const wires: Wire[] = [];
  for (let i = 1; i < placed.length; i++) {
    const [a, b] = [at(placed, i - 1), at(placed, i)];
    const points = [
      { x: a.pose.x + at(extent, i - 1) + 0.06, y: m.RAIL, z: 0 },
      { x: b.pose.x - at(extent, i) - 0.06, y: m.RAIL, z: 0 },
    ];
    const fade = Math.max(a.pose.fade, b.pose.fade);
    wires.push({ kind: "rail", points, arrow: b.node.role !== "stub", source: a.node.id, target: b.node.id, fade });
  }
  const inside = new Map(placed.map((item, i) => [item.node.id, i]));
  for (const { source, target } of view.links) {
    const [from, to] = [inside.get(source), inside.get(target)];
    if (from === undefined || to === undefined || to <= from + 1) continue;
    const passed = placed.slice(from + 1, to);
    const y = Math.max(...passed.map((item) => item.pose.height)) + m.ARC;
    const [a, b] = [at(placed, from), at(placed, to)];
    const x0 = a.glyph ? a.pose.x : a.pose.x + at(extent, from) + 0.3;
    const x1 = b.glyph ? b.pose.x : b.pose.x - at(extent, to) - 0.3;
    const points = [{ x: x0, y: m.RAIL, z: 0 }, { x: x0, y, z: 0 }, { x: x1, y, z: 0 }, { x: x1, y: m.RAIL + (b.glyph ? 0.2 : 0), z: 0 }];
    wires.push({ kind: "skip", points: rounded(points, m.ARC_RADIUS), arrow: false, source, target, fade: 0.4 });
  }
  const ends = [at(place, 0) - at(extent, 0) - 1, at(place, placed.length - 1) + at(extent, placed.length - 1) + 1] as const;
  wires.push({ kind: "floor", points: [{ x: ends[0], y: 0, z: 0 }, { x: ends[1], y: 0, z: 0 }], arrow: false, source: "", target: "", fade: 0.3 });
  const top = Math.max(...poses.map((pose) => pose.height));
  return { placed, wires, ports: [], brackets: [], rows: [{ floor: 0, z: 0, left: ends[0], right: ends[1], top }], level: 0, upright: false, scale: 1 };
}
