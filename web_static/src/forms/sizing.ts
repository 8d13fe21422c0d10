// Sizes of a model's boxes, which depend on each other: maps are drawn in proportion to the largest.

import type { Report } from "../bundle/model";
import type { ViewGraph, ViewNode } from "../layout/fold";
import { median } from "../layout/list";
import { STUB } from "../layout/measures";
import { FORMS } from "./index";
import type { Size, Subject } from "./form";
import { tiling } from "./grid";

const MAPS = new Set(["planes", "image", "volume", "matrix"]);
/** Models whose layers have at most this many channels (as a median) show all of them on closed faces. */
const FEW = 16;

export interface Sizing {
  /** Whether some face shows several channels, so that it can stand upright or lie. */
  readonly mosaics: boolean;
  sizeOf(node: ViewNode, upright: boolean): Size;
  /** The face of an opened layer: all of its channels. */
  openSize(node: ViewNode): Size;
}

/** `means`: closed faces show the mean of all channels, as they do under a heat map. */
export function sizing(report: Report, view: ViewGraph, means: boolean): Sizing {
  const maps = view.nodes.filter((node) => MAPS.has(node.form));
  const largestMap = Math.max(1, ...maps.map(({ stored }) => Math.sqrt((stored.at(-1) ?? 1) * (stored.at(-2) ?? 1))));
  const longestSequence = Math.max(1, ...view.nodes.filter((node) => node.form === "sequence").map(({ stored }) => stored[1] ?? 1));
  const planes = view.nodes.filter((node) => node.form === "planes" && node.role === "layer");
  const few = median(planes.map(({ stored }) => stored[0] ?? 1)) <= FEW;
  const outputs = new Set(report.manifest.samples.flatMap((sample) => sample.predictions.map((prediction) => prediction.node)));
  const closedOf = ({ shows, stored }: ViewNode): Subject["closed"] => {
    const thumb = report.activation(0, shows)?.thumb;
    return !means && (thumb ? thumb.shape[0] === stored[0] : few) ? "mosaic" : "mean";
  };
  const subject = (node: ViewNode, upright: boolean): Subject => ({
    stored: node.stored, largestMap, longestSequence, closed: closedOf(node), upright, output: outputs.has(node.shows),
  });
  return {
    mosaics: planes.some((node) => closedOf(node) === "mosaic"),
    sizeOf: (node, upright) => (node.role === "stub" && !node.folded ? STUB : FORMS[node.form].size(subject(node, upright))),
    openSize(node) {
      const size = FORMS[node.form].size(subject({ ...node, role: "layer" }, false));
      const [height, width] = [node.stored.at(-2) ?? 1, node.stored.at(-1) ?? 1];
      const aspect = width / Math.max(1, height);
      const count = node.form === "volume" ? (node.stored[0] ?? 1) * (node.stored[1] ?? 1) : (node.stored[0] ?? 1);
      if (node.form === "row") return { ...size, ...(count > FEW ? { width: 3, height: 3 } : {}) };
      if (!MAPS.has(node.form) || node.form === "image") return size;
      const { columns, rows } = tiling(count, aspect, 1.02);
      return { ...size, width: columns * aspect, height: rows };
    },
  };
}
