import { describe, expect, it } from "vitest";
import type { Manifest } from "../bundle/manifest.gen";
import { placeNodes } from "./columns";
import { viewGraph, type ViewNode } from "./fold";
import { focusLayout, OPEN_SIDE } from "./focus";
import { layout } from "./layout";
import { footprint } from "./measures";
import { overlaps } from "./overlaps";
import { quickest } from "./quickest";
import { chain, layer, manifest } from "./samples";
import type { Layout, Options, Size } from "./types";

const NONE: ReadonlySet<string> = new Set();
const sizeOf = (node: ViewNode): Size => {
  if (node.role === "stub") return { width: 0.2, height: 0.6, depth: 0.16 };
  return node.form === "row" ? { width: 0.4, height: 2, depth: 0.2 } : { width: 2, height: 2, depth: 0.5 };
};
const options = (more: Partial<Options> = {}): Options => ({
  width: 1116, height: 712, phone: false, sizeOf, mosaics: false, labelWidth: (node, level) => (level === 3 ? 0 : node.label.length * 7 + 13), reserve: () => 0, ...more,
});
const laid = (model: Manifest, more: Partial<Options> = {}): Layout => layout(viewGraph(model, NONE), options(more));

/** Four branches of one to three layers between two nodes, so often one after the other. */
function inception(cells: number): Manifest {
  const nodes = [layer("in", "input")];
  const edges: [string, string][] = [];
  let before = "in";
  for (let cell = 0; cell < cells; cell++) {
    const join = `mixed${cell}`;
    for (const length of [1, 2, 3, 2]) {
      let last = before;
      for (let i = 0; i < length; i++) {
        const id = `c${cell}b${edges.length}`;
        nodes.push(layer(id, i ? "conv" : "pool"));
        edges.push([last, id]);
        last = id;
      }
      edges.push([last, join]);
    }
    nodes.push(layer(join, "merge"));
    before = join;
  }
  return manifest(nodes, edges);
}

it("keeps room for labels on a phone where only some of the long names fit", () => {
  const names = Array.from({ length: 25 }, (_item, i) => `encoder_stage${i}_conv:conv`);
  expect(laid(chain(["photo:input", ...names]), { width: 362, height: 420, phone: true }).level).toBe(2);
});

const MODELS: [string, Manifest][] = [
  ["a chain", chain(["x:input", "a:conv", "b:pool", "flat:reshape", "c:dense"])],
  ["residuals", chain(["x:input", "a:conv", "b:pool", "add1:merge", "c:pool", "d:pool", "add2:merge", "y:dense"], [["a", "add1"], ["add1", "add2"]])],
  ["branches", inception(9)],
  ["two inputs and three outputs", manifest(
    [layer("p", "input"), layer("q", "input"), layer("join", "merge"), layer("h", "dense"), layer("o1", "dense"), layer("o2", "dense"), layer("o3", "dense")],
    [["p", "join"], ["q", "join"], ["join", "h"], ["h", "o1"], ["h", "o2"], ["h", "o3"]],
  )],
  ["a U", chain(["x:input", ...Array.from({ length: 24 }, (_, i) => `l${i}:${[18, 21].includes(i) ? "merge" : "pool"}`)], [["l2", "l21"], ["l5", "l18"]])],
];

describe.each(MODELS)("the layout of %s", (_name, model) => {
  const result = laid(model);

  it("lets no box stand in another", () => {
    expect(overlaps(result)).toEqual([]);
  });

  it("leads every link forward: to the right, or to a later row", () => {
    const where = new Map(result.placed.map((item) => [item.node.id, item]));
    for (const { source, target } of viewGraph(model, NONE).links) {
      const [a, b] = [where.get(source), where.get(target)];
      expect((b?.row ?? 0) * 1000 + (b?.column ?? 0)).toBeGreaterThan((a?.row ?? 0) * 1000 + (a?.column ?? 0));
    }
  });

  it("draws each link once, as a way or as two named ports", () => {
    for (const { source, target } of viewGraph(model, NONE).links) {
      const mine = <T extends { source: string; target: string }>(list: readonly T[]): T[] => list.filter((item) => item.source === source && item.target === target);
      const ports = mine(result.ports).length;
      expect([0, 2]).toContain(ports);
      expect(mine(result.wires)).toHaveLength(ports === 2 ? 2 : 1);
    }
  });

  it("is the same each time", () => {
    expect(laid(model)).toEqual(result);
  });

  it("fits the room that it says it needs", () => {
    const right = Math.max(...result.placed.map((item) => item.pose.x + footprint(item.pose) / 2));
    expect(right * result.scale).toBeLessThanOrEqual(options().width * 1.01);
  });
});

describe("rows", () => {
  it("stand on one base line each, later ones lower and nearer", () => {
    const { rows, placed } = laid(chain(["x:input", ...Array.from({ length: 30 }, (_, i) => `l${i}:pool`)]));
    expect(rows.length).toBeGreaterThan(1);
    rows.slice(1).forEach((row, i) => {
      expect(row.floor + row.top).toBeLessThan(rows[i]?.floor ?? 0);
      expect(row.z).toBeGreaterThan(rows[i]?.z ?? 0);
    });
    for (const item of placed) if (item.lane === 0) expect(item.floor).toBe(rows[item.row]?.floor);
  });

  it("give each label its room", () => {
    const names = Array.from({ length: 12 }, (_, i) => `a_rather_long_name_${i}:pool`);
    const result = laid(chain(["x:input", ...names]));
    const { labelWidth } = options();
    result.placed.slice(1).forEach((item, i) => {
      const before = result.placed[i];
      if (before?.row !== item.row) return;
      const room = (item.pose.x - before.pose.x) * result.scale;
      expect(room).toBeGreaterThanOrEqual((labelWidth(item.node, result.level) + labelWidth(before.node, result.level)) / 2);
    });
  });

  it("keep a merge beside the box before it", () => {
    const names = Array.from({ length: 20 }, (_, i) => [`a${i}:pool`, `b${i}:pool`, `add${i}:merge`]).flat();
    const model = chain(["x:input", ...names], Array.from({ length: 20 }, (_, i) => [`a${i}`, `add${i}`] as const));
    const rows = new Map(laid(model).placed.map((item) => [item.node.id, item.row]));
    for (let i = 0; i < 20; i++) expect(rows.get(`add${i}`)).toBe(rows.get(`b${i}`));
  });
});

describe("skips", () => {
  it("pass above what they skip, and nested ones do not run on each other", () => {
    const model = chain(["x:input", "a:pool", "b:pool", "c:pool", "add1:merge", "add2:merge", "y:dense"], [["b", "add1"], ["a", "add2"], ["x", "add2"]]);
    const { wires, placed } = laid(model, { width: 3000 });
    const tallest = Math.max(...placed.filter((item) => !item.glyph).map((item) => item.pose.height));
    const heights = wires.filter((wire) => wire.kind === "skip").map((wire) => Math.max(...wire.points.map((point) => point.y)));
    expect(heights).toHaveLength(3);
    for (const height of heights) expect(height).toBeGreaterThan(tallest);
    expect(new Set(heights.map((height) => height.toFixed(2))).size).toBe(3);
  });
});

describe("lanes", () => {
  it("stack what runs side by side in one column", () => {
    const view = viewGraph(inception(1), NONE);
    const places = placeNodes(view);
    const first = view.links.filter((link) => link.source === "in").map((link) => places.get(link.target));
    expect(new Set(first.map((place) => place?.column))).toEqual(new Set([1]));
    expect(first.map((place) => place?.lane).sort()).toEqual([0, 1, 2, 3]);
    expect(places.get("mixed0")).toEqual({ column: 4, lane: 0 });
  });

  it("let an input that is needed late stand right before what needs it", () => {
    const model = manifest(
      [layer("a", "input"), layer("late", "input"), layer("b", "pool"), layer("c", "pool"), layer("join", "merge")],
      [["a", "b"], ["b", "c"], ["c", "join"], ["late", "join"]],
    );
    expect(placeNodes(viewGraph(model, NONE)).get("late")).toEqual({ column: 2, lane: 1 });
  });
});

describe("a thousand layers", () => {
  it("are laid out in less than 200 ms", () => {
    const names = Array.from({ length: 1000 }, (_, i) => `layer${i}:${i % 7 === 6 ? "merge" : "pool"}`);
    const skips = Array.from({ length: 140 }, (_, i) => [`layer${i * 7 + 1}`, `layer${i * 7 + 6}`] as const);
    const view = viewGraph(chain(["x:input", ...names], skips), NONE);
    expect(quickest(() => layout(view, options({ mosaics: true })), 200)).toBeLessThan(200);
    const result = layout(view, options());
    expect(result.placed).toHaveLength(view.nodes.length);
    expect(overlaps(result)).toEqual([]);
  });
});

describe("focus", () => {
  const view = viewGraph(MODELS[1]?.[1] ?? chain([]), NONE);
  const result = focusLayout(view, "c", () => ({ width: 4, height: 3, depth: 1 }), options());

  it("turns the layer to the person and lets the others stand aside, smaller and fainter", () => {
    const pose = result.placed.find((item) => item.node.id === "c")?.pose;
    expect(pose).toMatchObject({ turn: 0, fade: 0, width: OPEN_SIDE });
    const layers = result.placed.filter((item) => !item.glyph).map((item) => item.pose);
    const at = layers.findIndex((item) => item.turn === 0);
    expect(layers[at + 1]).toMatchObject({ turn: -34, fade: 0.22 });
    expect(layers[at - 1]).toMatchObject({ turn: -34, fade: 0.22 });
    expect(layers[at - 2]?.fade).toBe(0.55);
  });

  it("keeps the order of the flow on one line", () => {
    const xs = result.placed.map((item) => item.pose.x);
    expect([...xs].sort((a, b) => a - b)).toEqual(xs);
    expect(overlaps(result)).toEqual([]);
  });
});
