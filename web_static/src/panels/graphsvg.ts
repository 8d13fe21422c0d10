// The graph of layers as an SVG file: boxes, links and labels as they stand in the overview, sharp at any size.

import type { Report } from "../bundle/model";
import { KINDS, TOKENS } from "../colour/tokens";
import { viewGraph } from "../layout/fold";
import type { Point } from "../layout/types";
import { arrange } from "../scene/arrange";
import { Lens } from "../scene/camera";
import { corners } from "../scene/solid";
import type { ViewState } from "../state/store";
import { shapeText } from "../words/format";
import { svg } from "./dom";

const [WIDTH, HEIGHT] = [1600, 1000];
/** Faces of a box by its corners, those that are seen from the front and above. */
const SIDES = { top: [0, 1, 5, 4], right: [1, 5, 7, 3], front: [0, 1, 3, 2] } as const;
const SHADE = { top: 0.35, right: 0.5, front: 0.16 };

/** The text of an SVG file. All names go in as text. */
export function graphSvg(report: Report, state: ViewState): string {
  const overview: ViewState = { ...state, selected: null, open: new Set(), mode: "activations", hint: false };
  const view = viewGraph(report.manifest, state.unfolded);
  const { layout, home } = arrange(report, view, overview, WIDTH, HEIGHT);
  const lens = new Lens(home, WIDTH, HEIGHT);
  const { theme } = state;
  const tokens = TOKENS[theme];
  const at = (point: Point): string => {
    const { x, y } = lens.project(point);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  };
  const text = (x: number, y: number, size: number, fill: string, weight: number, content: string): SVGElement =>
    svg("text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": "middle", "font-size": size, "font-weight": weight, fill }, document.createTextNode(content));
  const root = svg("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, "font-family": "system-ui, sans-serif" });
  root.append(svg("title", {}, document.createTextNode(report.manifest.title)), svg("rect", { width: WIDTH, height: HEIGHT, fill: tokens.scene }));
  for (const wire of layout.wires) {
    const colour = wire.kind === "skip" ? KINDS[theme].merge : wire.kind === "floor" ? tokens.floor : tokens.link;
    root.append(svg("polyline", { points: wire.points.map(at).join(" "), fill: "none", stroke: colour, "stroke-width": 1.5 }));
  }
  for (const { node, pose, glyph, floor } of layout.placed) {
    const colour = KINDS[theme][node.kind];
    if (glyph) {
      const { x, y } = lens.project(pose);
      root.append(svg("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: 8, fill: tokens.scene, stroke: colour, "stroke-width": 1.5 }), text(x, y + 4, 12, colour, 400, node.className === "Concatenate" ? "‖" : "+"));
      continue;
    }
    const points = corners(pose);
    const box = svg("g", {}, svg("title", {}, document.createTextNode(`${node.label} · ${node.className} · ${shapeText(node.shape)}`)));
    for (const side of ["top", "right", "front"] as const) {
      const around = SIDES[side].flatMap((corner) => points[corner] ?? []);
      box.append(svg("polygon", { points: around.map(at).join(" "), fill: tokens.scene }), svg("polygon", { points: around.map(at).join(" "), fill: colour, "fill-opacity": SHADE[side], stroke: colour, "stroke-width": 1 }));
    }
    root.append(box);
    if (node.role === "stub" || layout.level > 1) continue;
    const foot = lens.project({ x: pose.x, y: floor, z: pose.z });
    root.append(text(foot.x, foot.y + 24, 12, tokens.text, 600, node.label));
    if (layout.level === 0) root.append(text(foot.x, foot.y + 39, 11, tokens.text2, 400, shapeText(node.shape)));
  }
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(root)}\n`;
}
