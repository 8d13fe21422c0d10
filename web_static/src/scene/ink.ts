// Which lines the picture has: edges of boxes, links and arcs, the floor; and the outlines of what is pointed at.

import { KINDS, mix, rgb, TOKENS, type RGB, type Theme } from "../colour/tokens";
import { cellRect, tileRect } from "../forms/grid";
import type { Cell, Grid } from "../forms/form";
import { at } from "../layout/list";
import { ARRIVING } from "../layout/timetable";
import type { Placed, Point, Pose, Wire } from "../layout/types";
import type { Lens } from "./camera";
import { add } from "./camera";
import { signOf, type Disc } from "./discs";
import type { Lines, Span } from "./lines";
import { outlineOn, type Marks } from "./origin";
import { corners } from "./solid";

const EDGES = [[0, 1], [1, 3], [3, 2], [2, 0], [4, 5], [5, 7], [7, 6], [6, 4], [0, 4], [1, 5], [3, 7], [2, 6]] as const;
const THIN = 1.1;
const THICK = 2.2;
const CHEVRON = 0.11;

export interface Look {
  readonly theme: Theme;
  readonly hovered: string | null;
  /** Boxes with a thick outline. */
  readonly selected: ReadonlySet<string>;
  /** How much of the links is seen, 0..1: they come when boxes have arrived. */
  readonly arrived: number;
  /** When each box begins in the forward pass. */
  readonly startOf: (id: string) => number;
  /** Boxes that kind filters leave out. */
  readonly dim: (item: Placed) => boolean;
}

function edgeColour(item: Placed, { theme, hovered, selected }: Look): RGB {
  const tokens = TOKENS[theme];
  if (selected.has(item.node.id)) return rgb(tokens.select);
  if (hovered === item.node.id) return rgb(tokens.accent);
  return rgb(item.node.kind === "block" ? tokens.edge : KINDS[theme][item.node.kind]);
}

export function drawBoxes(lines: Lines, placed: readonly Placed[], poses: readonly Pose[], look: Look, lens: Lens, facing: string | null): void {
  const background = rgb(TOKENS[look.theme].scene);
  placed.forEach((item, i) => {
    const pose = at(poses, i);
    if (item.glyph || pose.fade >= 0.97 || (item.node.role === "stub" && !item.node.folded && look.hovered !== item.node.id)) return;
    const strong = look.hovered === item.node.id || look.selected.has(item.node.id);
    const size = lens.scaleAt(pose) * Math.min(pose.width, pose.height);
    // Small boxes keep their faces: their edges are thinner.
    const width = strong ? THICK : Math.min(THIN, Math.max(0.45, size * 0.05));
    const colour = mix(edgeColour(item, look), background, pose.fade);
    const begun = look.startOf(item.node.id) + ARRIVING;
    const points = corners(pose);
    const edges = facing === item.node.id ? EDGES.slice(0, 4) : EDGES;
    for (const [a, b] of edges) lines.add([at(points, a), at(points, b)], colour, width, strong ? 0.09 : 0.05, [begun, begun]);
  });
}

const WIRE: Record<Wire["kind"], { readonly width: number }> = { rail: { width: 1.6 }, skip: { width: 1.5 }, floor: { width: 1 }, bracket: { width: 1 } };

export function drawWires(lines: Lines, wires: readonly Wire[], look: Look, placed: ReadonlyMap<string, Placed>): void {
  if (look.arrived <= 0.02) return;
  const tokens = TOKENS[look.theme];
  const background = rgb(tokens.scene);
  for (const wire of wires) {
    const near = look.hovered !== null && (wire.source === look.hovered || wire.target === look.hovered);
    const dim = [wire.source, wire.target].some((id) => {
      const item = placed.get(id);
      return item !== undefined && look.dim(item);
    });
    const plain: Record<Wire["kind"], RGB> = {
      rail: rgb(tokens.link), skip: mix(background, rgb(KINDS[look.theme].merge), 0.7), floor: rgb(tokens.floor), bracket: rgb(tokens.link),
    };
    const colour = mix(near ? rgb(tokens.accent) : plain[wire.kind], background, 1 - (1 - wire.fade) * look.arrived * (dim ? 0.4 : 1));
    const { width } = WIRE[wire.kind];
    const joins = wire.source !== "";
    // What leaves a box early waits at its other end.
    const span: Span | undefined = joins ? [look.startOf(wire.source) + 1, look.startOf(wire.target) + ARRIVING] : undefined;
    lines.add(wire.points, colour, near ? width + 0.5 : width, wire.kind === "floor" ? 0 : near ? 0.03 : 0.02, span);
    if (wire.arrow) lines.add(chevron(wire.points), colour, near ? width + 0.5 : width, near ? 0.03 : 0.02, span && [span[1], span[1]]);
  }
}

/** Open, as wide as its two strokes; in the plane of the shelf. */
function chevron(points: readonly Point[]): Point[] {
  const [tip, before] = [at(points, points.length - 1), at(points, points.length - 2)];
  const back = Math.sign(before.x - tip.x) || -1;
  const wing = (up: number): Point => add(tip, { x: back * CHEVRON * 1.15, y: up * CHEVRON * 1.15, z: 0 });
  return [wing(1), tip, wing(-1)];
}

export function discsOf(placed: readonly Placed[], poses: readonly Pose[], look: Look): Disc[] {
  const background = rgb(TOKENS[look.theme].scene);
  return placed.flatMap((item, i) => {
    const pose = at(poses, i);
    if (!item.glyph || pose.fade >= 0.97) return [];
    const strong = look.hovered === item.node.id || look.selected.has(item.node.id);
    const base = strong ? edgeColour(item, look) : rgb(KINDS[look.theme].merge);
    return [{ point: { x: pose.x, y: pose.y, z: pose.z }, colour: mix(base, background, pose.fade), sign: signOf(item.node.className), strong, when: look.startOf(item.node.id) + ARRIVING }];
  });
}

function closed(points: readonly Point[]): Point[] {
  return [...points, ...points.slice(0, 1)];
}

/** The cell under the pointer and its map, or the chosen map; and what the cell came from. */
export function drawMarks(lines: Lines, pose: Pose, grid: Grid, cell: Cell | null, channel: number | null, { patches, picked, frame }: Marks, theme: Theme): void {
  const tokens = TOKENS[theme];
  const map = cell?.map ?? channel;
  if (map !== null && grid.maps > 1 && map < grid.maps) lines.add(closed(outlineOn(pose, tileRect(grid, map))), rgb(tokens.select), 1.6);
  if (cell) lines.add(closed(outlineOn(pose, cellRect(grid, cell))), rgb(tokens.rf), THICK);
  for (const patch of [...patches, ...frame]) lines.add(closed(patch), rgb(tokens.rf), 1.6);
  for (const one of picked) lines.add(closed(one), rgb(tokens.rf), THICK);
}
