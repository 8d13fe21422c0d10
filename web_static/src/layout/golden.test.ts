// Layouts of real models, kept as they were looked at: a change of the layout shows here model by model.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Form, GroupInfo, Kind, Manifest, NodeInfo, Role } from "../bundle/manifest.gen";
import { Report } from "../bundle/model";
import { sizing } from "../forms/sizing";
import { viewGraph } from "./fold";
import { get } from "./list";
import { layout } from "./layout";
import { layer, manifest } from "./samples";
import { overlaps } from "./overlaps";
import { quickest } from "./quickest";
import type { Layout, Options } from "./types";

type Row = readonly [string, string, Kind, Form, Role, string, string | null, readonly number[], number | null];

interface Graph {
  readonly nodes: readonly Row[];
  readonly edges: readonly (readonly [number, number])[];
  readonly groups: readonly (readonly [string, string, string, string | null])[];
}

const NONE: ReadonlySet<string> = new Set();
const NAMES = ["lenet", "unet", "vit", "two_inputs", "resnet50", "inception_v3", "densenet121", "efficientnet_b0"];
const WINDOWS = { wide: { width: 1116, height: 712, phone: false }, phone: { width: 362, height: 420, phone: true } } as const;

function read(name: string): Manifest {
  const { nodes, edges, groups } = JSON.parse(readFileSync(new URL(`./golden/${name}.model.json`, import.meta.url), "utf8")) as Graph;
  const made = nodes.map(([id, label, kind, form, role, className, group, shape, channel]): NodeInfo => ({
    ...layer(id, kind, group, shape), label, form, role, class_name: className, channel_axis: channel,
  }));
  const grouped = groups.map(([id, label, className, group]): GroupInfo => ({
    id, label, layer: label, class_name: className, call: 0, group, shape: [], params: 0, facts: [], weights: [],
  }));
  return manifest(made, edges.map(([a, b]) => [nodes[a]?.[0] ?? "", nodes[b]?.[0] ?? ""] as const), grouped);
}

function picture(model: Manifest, window: keyof typeof WINDOWS, unfolded: ReadonlySet<string> = NONE): Layout {
  const report = new Report({ manifest: model, blob: () => Promise.reject(new Error("no bytes")) });
  const view = viewGraph(model, unfolded);
  const sizes = sizing(report, view, false);
  const options: Options = {
    ...WINDOWS[window], mosaics: sizes.mosaics, sizeOf: (node, upright) => sizes.sizeOf(node, upright), reserve: () => 0,
    labelWidth: (node, level) => (level === 3 ? 0 : (level === 2 ? node.short : node.label).length * 7 + 13),
  };
  return layout(view, options);
}

/** What matters of a layout, a line a box. */
function told({ placed, wires, ports, level, upright, rows }: Layout): string {
  const links = new Map<string, number>();
  for (const { kind } of wires) links.set(kind, (links.get(kind) ?? 0) + 1);
  const boxes = placed.map(({ node, row, column, lane, pose }) =>
    [node.id, `row ${row} column ${column} lane ${lane}`, `${pose.x.toFixed(2)} ${pose.y.toFixed(2)}`, `${pose.width.toFixed(2)}×${pose.height.toFixed(2)}`].join(" | "));
  const facts = { level, upright, rows: rows.length, ports: ports.map((port) => port.text), links: Object.fromEntries(links) };
  return [JSON.stringify(facts), ...boxes, ""].join("\n");
}

describe.each(NAMES)("the layout of %s", (name) => {
  const model = read(name);

  it("is as it was looked at", async () => {
    await expect(told(picture(model, "wide"))).toMatchFileSnapshot(`./golden/${name}.layout.txt`);
  });

  it.each(["wide", "phone"] as const)("lets nothing overlap and leads forward in a %s window, folded and unfolded", (window) => {
    const blocks = new Set([...viewGraph(model, NONE).blocks.values()].filter((block) => block.folded).map((block) => block.id));
    for (const unfolded of [NONE, blocks]) {
      const result = picture(model, window, unfolded);
      expect(overlaps(result)).toEqual([]);
      const placed = new Map(result.placed.map((item) => [item.node.id, item]));
      for (const { source, target } of viewGraph(model, unfolded).links) {
        const [a, b] = [get(placed, source), get(placed, target)];
        expect(b.row > a.row || (b.row === a.row && b.pose.x > a.pose.x), `${source} → ${target}`).toBe(true);
      }
      expect(told(picture(model, window, unfolded))).toBe(told(result));
    }
  });

  it("comes in less than 200 ms", () => {
    expect(quickest(() => picture(model, "wide"), 200)).toBeLessThan(200);
  });
});
