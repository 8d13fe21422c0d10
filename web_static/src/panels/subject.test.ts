import { describe, expect, it } from "vitest";
import { Report } from "../bundle/model";
import { chain, layer, manifest } from "../layout/samples";
import { stepFrom } from "./keyboard";
import { found, kindCounts, within } from "./rows";
import { faceOf, isSubject, neighbours, subjectOf } from "./subject";

const NONE: ReadonlySet<string> = new Set();

function report(data: ReturnType<typeof manifest>): Report {
  return new Report({ manifest: data, blob: () => Promise.reject(new Error("no bytes")) });
}

describe("what the inspector tells about", () => {
  it("names a layer by the facts that tell it apart", () => {
    const facts = [["filters", "16"], ["kernel", "5×5"], ["stride", "1×1"], ["padding", "valid"], ["activation", "relu"]] as const;
    const conv = { ...layer("conv", "conv"), class_name: "Conv2D", call: 1, facts: facts.map(([name, value]) => ({ name, value })) };
    const about = subjectOf(report(manifest([conv], [])), "conv", NONE);
    expect(about?.about).toBe("Conv2D · kernel 5×5 · relu · call 2");
  });

  it("knows layers, groups and blocks, and nothing else", () => {
    const data = report(chain(["image:input", "conv:conv"]));
    expect([isSubject(data, "conv"), isSubject(data, "gone")]).toEqual([true, false]);
    expect(subjectOf(data, "gone", NONE)).toBeNull();
  });

  it("finds what is on the face: what comes out of the box's last layer, or out of the chosen one", () => {
    const data = report(chain(["input:input", "conv:conv", "bn:norm", "relu:activation", "out:dense"]));
    expect(["conv", "bn", "relu", "out", "gone"].map((id) => faceOf(data, id, NONE))).toEqual(["relu", "bn", "relu", "out", null]);
  });

  it("sums up a group, and counts a layer that is called twice once", () => {
    const inside = (id: string): ReturnType<typeof layer> => ({ ...layer(id, "dense", "g"), layer: "shared", params: 100, trainable_params: 60, macs: 7 });
    const group = { id: "g", label: "encoder", layer: "encoder", class_name: "Encoder", call: 0, group: null, shape: [8], params: 100, facts: [], weights: [] };
    const data = report(
      manifest([layer("in", "input"), inside("g/a"), inside("g/a#1"), layer("out", "dense")], [["in", "g/a"], ["g/a", "g/a#1"], ["g/a#1", "out"]], [group]),
    );
    const about = subjectOf(data, "g", NONE);
    expect(about).toMatchObject({ name: "encoder", about: "Encoder of 2 layers", params: 100, trainable: 60, macs: 14, shows: "g/a#1", before: ["in"], after: ["out"] });
  });
});

describe("the arrow keys", () => {
  const data = report(chain(["a:input", "b:conv", "c:conv", "add:merge", "d:dense"], [["b", "add"]]));

  it("follow the links", () => {
    expect(stepFrom(data, null, NONE, "ArrowRight")).toBe("a");
    expect(stepFrom(data, "a", NONE, "ArrowRight")).toBe("b");
    expect(stepFrom(data, "d", NONE, "ArrowLeft")).toBe("add");
    expect(stepFrom(data, "d", NONE, "ArrowRight")).toBeNull();
  });

  it("go from branch to branch", () => {
    const two = report(manifest([layer("in", "input"), layer("x", "conv"), layer("y", "conv"), layer("add", "merge")], [["in", "x"], ["in", "y"], ["x", "add"], ["y", "add"]]));
    expect(stepFrom(two, "x", NONE, "ArrowDown")).toBe("y");
    expect(stepFrom(two, "y", NONE, "ArrowDown")).toBe("x");
    expect(stepFrom(two, "in", NONE, "ArrowUp")).toBeNull();
  });

  it("find the way into a box of fused layers and out of it", () => {
    const fused = report(chain(["in:input", "c:conv", "c_bn:norm", "c_relu:activation", "d:dense"]));
    expect(neighbours(fused, "c", NONE)).toEqual({ before: ["in"], after: ["d"] });
    expect(neighbours(fused, "c_bn", NONE)).toEqual({ before: ["c"], after: ["c_relu"] });
  });
});

describe("the search", () => {
  const data = chain(["image:input", "block1_conv:conv", "block1_bn:norm", "block2_conv:conv"]);

  it("finds all words in names, classes and kinds", () => {
    expect(found(data, "conv block2", NONE as ReadonlySet<never>).map((row) => row.node.id)).toEqual(["block2_conv"]);
    expect(found(data, "", new Set(["norm"])).map((row) => row.node.id)).toEqual(["block1_bn"]);
    expect(found(data, "nothing", NONE as ReadonlySet<never>)).toEqual([]);
  });

  it("names members by what tells them apart in their block", () => {
    expect([within("block6", "block6_dw_conv"), within("block6", "block61_conv"), within("", "conv")]).toEqual(["dw_conv", "block61_conv", "conv"]);
  });

  it("counts kinds in the order of the data's flow", () => {
    expect([...kindCounts(data)]).toEqual([["input", 1], ["conv", 2], ["norm", 1]]);
  });
});
