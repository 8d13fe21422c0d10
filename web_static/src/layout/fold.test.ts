import { describe, expect, it } from "vitest";
import { Report } from "../bundle/model";
import type { Manifest } from "../bundle/manifest.gen";
import { buildTree, viewGraph, type TreeNode } from "./fold";
import { chain, layer, manifest } from "./samples";

const NONE: ReadonlySet<string> = new Set();
const labels = (model: Manifest, toggled = NONE): string[] => viewGraph(model, toggled).nodes.map((node) => node.label);

/** Blocks with a skip around each second one, as in MobileNets. */
function blocks(count: number): Manifest {
  const names = ["image:input", "stem_conv:conv", "stem_bn:norm", "stem_relu:activation"];
  const skips: [string, string][] = [];
  for (let i = 0; i < count; i++) {
    const before = names.at(-1)?.split(":")[0] ?? "";
    for (const part of ["expand", "dw", "project"]) names.push(`block${i}_${part}_conv:conv`, `block${i}_${part}_bn:norm`);
    if (i % 2) {
      names.push(`block${i}_add:merge`);
      skips.push([before, `block${i}_add`]);
    }
  }
  names.push("pool:pool", "classes:dense");
  return chain(names, skips);
}

describe("fusing", () => {
  it("shows a conv, its norm and its activation as one box with the last one's activation", () => {
    const view = viewGraph(chain(["x:input", "conv_1:conv", "bn:norm", "relu:activation", "pool:pool"]), NONE);
    expect(view.nodes.map((node) => [node.id, node.shows])).toEqual([["x", "x"], ["conv_1", "relu"], ["pool", "pool"]]);
    expect(view.boxOf.get("bn")).toBe("conv_1");
    expect(view.links).toEqual([{ source: "x", target: "conv_1" }, { source: "conv_1", target: "pool" }]);
  });

  it("keeps a norm apart where what it follows also feeds something else", () => {
    const model = chain(["x:input", "a:dense", "norm:norm", "b:dense", "add:merge"], [["a", "add"]]);
    expect(labels(model)).toEqual(["x", "a", "norm", "b", "add"]);
  });

  it("shows a fused layer's own activation when that layer was selected", () => {
    const model = chain(["x:input", "conv:conv", "bn:norm", "relu:activation"]);
    expect(viewGraph(model, NONE, "bn").nodes[1]?.shows).toBe("bn");
    expect(viewGraph(model, NONE, "conv").nodes[1]?.shows).toBe("relu");
  });
});

describe("folding", () => {
  it("leaves small models as they are", () => {
    expect(labels(blocks(3))).toContain("block0_expand_conv");
  });

  it("folds numbered names of a large model and leaves the skip outside", () => {
    const view = viewGraph(blocks(12), NONE);
    expect(view.nodes.slice(0, 5).map((node) => node.label)).toEqual(["image", "stem", "block 0", "block 1", "block1_add"]);
    expect(view.nodes[3]).toMatchObject({ id: "block:block1", short: "1", kind: "block", shows: "block1_project_bn" });
    expect(view.links).toContainEqual({ source: "block:block0", target: "block1_add" });
    expect(view.boxOf.get("block1_dw_bn")).toBe("block:block1");
  });

  it("folds what lies between a fork and its merge where names tell nothing", () => {
    const names = ["image:input"];
    const skips: [string, string][] = [];
    for (let i = 0; i < 14; i++) {
      const before = names.at(-1)?.split(":")[0] ?? "";
      names.push(`left${"abcdefghijklmn"[i]}:conv`, `right${"abcdefghijklmn"[i]}:conv`, `deep${"abcdefghijklmn"[i]}:conv`, `beyond${"abcdefghijklmn"[i]}:pool`, `join${"abcdefghijklmn"[i]}:merge`);
      skips.push([before, names.at(-1)?.split(":")[0] ?? ""]);
    }
    const model = chain(names, skips);
    const view = viewGraph(model, NONE);
    expect(view.nodes.slice(0, 4).map((node) => node.label)).toEqual(["image", "joina", "joinb", "joinc"]);
    expect(view.nodes[1]).toMatchObject({ id: "block:joina", folded: true, shows: "joina", members: ["lefta", "righta", "deepa", "beyonda", "joina"] });
    // One skip around all of it is the frame of the model; what is inside stays as it is.
    expect(labels(chain(names, [...skips, ["image", "joinn"]]))).toContain("lefta");
  });

  it("unfolds one block into its members, their names without the prefix", () => {
    const view = viewGraph(blocks(12), new Set(["block:block1"]));
    expect(view.nodes.slice(2, 7).map((node) => node.label)).toEqual(["block 0", "expand_conv", "dw_conv", "project_conv", "block1_add"]);
    expect(view.brackets.get("block:block1")).toHaveLength(3);
  });

  it("finds a ResNet's blocks, not its stages nor its single layers", () => {
    const names = ["in:input"];
    for (const stage of [2, 3, 4, 5]) {
      for (const block of [1, 2, 3]) {
        for (const part of [1, 2]) names.push(`conv${stage}_block${block}_${part}_conv:conv`, `conv${stage}_block${block}_${part}_bn:norm`, `conv${stage}_block${block}_${part}_relu:activation`);
      }
    }
    const found = labels(chain(names));
    expect(found).toHaveLength(13);
    expect(found[1]).toBe("conv2 block1");
  });

  it("does not fold numbers that are only counters", () => {
    const names = ["in:input", ...Array.from({ length: 70 }, (_, i) => `conv2d_${i}:conv`)];
    expect(labels(chain(names))).toHaveLength(71);
  });

  it("never folds a set that a path leaves and enters again", () => {
    const names = ["in:input", ...Array.from({ length: 64 }, (_, i) => `b${i % 2}_part${i}:conv`)];
    const view = viewGraph(chain(names), NONE);
    const order = new Map(view.nodes.map((node, i) => [node.id, i]));
    for (const { source, target } of view.links) expect(order.get(source)).toBeLessThan(order.get(target) ?? -1);
  });

  it("starts calls that contain calls unfolded in a small model and folds them when asked", () => {
    const group = { id: "enc", label: "enc", layer: "enc", class_name: "Model", call: 0, group: null, shape: [1], params: 0, facts: [], weights: [] };
    const nodes = [layer("x", "input"), layer("enc/a", "conv", "enc"), layer("enc/b", "conv", "enc"), layer("y", "dense")];
    const model = manifest(nodes, [["x", "enc/a"], ["enc/a", "enc/b"], ["enc/b", "y"]], [group]);
    expect(labels(model)).toHaveLength(4);
    expect(viewGraph(model, new Set(["enc"])).nodes.map((node) => node.id)).toEqual(["x", "enc", "y"]);
  });
});

describe("buildTree", () => {
  it("lists every layer once, blocks with their members, fused layers under the one they follow", () => {
    const model = blocks(12);
    const tree = buildTree(new Report({ manifest: model, blob: () => Promise.reject(new Error("none")) }), { unfolded: NONE });
    const ids: string[] = [];
    const walk = (list: readonly TreeNode[]): void => list.forEach((node) => {
      if (!node.block) ids.push(node.id);
      walk(node.children);
    });
    walk(tree);
    expect(ids).toEqual(model.nodes.map((node) => node.id));
    expect(tree[1]).toMatchObject({ label: "stem", children: [{ id: "stem_bn" }, { id: "stem_relu" }] });
    expect(tree[2]).toMatchObject({ label: "block 0", folded: true, block: true });
  });
});
