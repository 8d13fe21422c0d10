import { describe, expect, it } from "vitest";
import { manifest } from "../bundle/fixtures";
import { Report } from "../bundle/model";
import { fromHash, toHash } from "./hash";
import { START, type ViewState } from "./store";

const sample = { name: "s", pictures: [], predictions: [], activations: [] };
const report = new Report({
  manifest: { ...manifest(), samples: [sample, sample], methods: [{ name: "cam", title: "CAM", question: "", paper: "", range: "" }] },
  blob: () => Promise.reject(new Error("no bytes")),
});
const isId = (id: string): boolean => report.node(id) !== undefined || id === "block:a";
const read = (hash: string): Partial<ViewState> => fromHash(hash, report, START, isId);

describe("the address", () => {
  it("is empty for the view that the page starts with", () => {
    expect(toHash(START, START)).toBe("");
  });

  it("carries node, sample, channel, method, class and layer there and back", () => {
    const state: ViewState = {
      ...START, selected: "conv", open: new Set(["conv"]), sample: 1, channel: 5, mode: "attribution", method: "cam",
      target: 3, heatLayer: "conv", unfolded: new Set(["block:a"]),
      sign: "absolute", range: "fixed", fixed: 2.5, eye: { yaw: -12.5, pitch: 4, zoom: 2.25, x: 1, y: -0.5, z: 0 },
    };
    const back = { ...START, ...read(`#${toHash(state, START)}`) };
    expect(back).toEqual(state);
  });

  it("leaves out what this bundle does not have", () => {
    expect(read("#node=gone&sample=12&method=other&target=x&layer=gone&unfold=gone")).toMatchObject({
      selected: null, sample: 0, mode: "activations", target: null, heatLayer: null, unfolded: new Set(),
    });
  });

  it("takes a colour range that is a number above zero, or one per channel", () => {
    expect(read("#range=channel")).toMatchObject({ range: "channel", fixed: 1 });
    expect(read("#range=0.25")).toMatchObject({ range: "fixed", fixed: 0.25 });
    for (const bad of ["-1", "0", "x", "", "1e999"]) expect(read(`#range=${bad}`)).toMatchObject({ range: "layer", fixed: 1 });
  });

  it("takes no camera that would show nothing", () => {
    for (const bad of ["", "1,2", "0,0,0,0,0,0", "0,0,1,x,0,0", "500,0,1,0,0,0", "0,0,1,1e9,0,0"]) expect(read(`#camera=${bad}`).eye).toBeNull();
  });

  it("takes names apart that have odd characters", () => {
    const state = { ...START, selected: 'a & b=<c>"#é' };
    const parts = fromHash(toHash(state, START), report, START, () => true);
    expect(parts.selected).toBe(state.selected);
  });

  it("opens all layers again", () => {
    const state = { ...START, open: new Set(["image", "conv", "out"]) };
    expect(read(toHash(state, START)).open).toEqual(state.open);
  });
});
