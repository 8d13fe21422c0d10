import { describe, expect, it } from "vitest";
import { chooseSample, close, choose, keepRules } from "./actions";
import { manifest } from "../bundle/fixtures";
import { Report } from "../bundle/model";
import { createStore } from "./store";

describe("createStore", () => {
  it("tells listeners what was and what is, and only where something changed", () => {
    const store = createStore();
    const seen: (readonly [number, number])[] = [];
    const stop = store.subscribe((state, before) => seen.push([before.sample, state.sample]));
    store.set({ sample: 2 });
    store.set({ sample: 2, open: new Set(), kinds: new Set() });
    stop();
    store.set({ sample: 3 });
    expect(seen).toEqual([[0, 2]]);
  });

  it("tells every listener of each step, also where one of them changes the state again", () => {
    const store = createStore();
    const seen: string[] = [];
    store.subscribe((state) => {
      if (state.selected !== null && state.hint) store.set({ hint: false });
    });
    store.subscribe((state, before) => seen.push([before.selected, state.selected, before.hint, state.hint].join()));
    store.set({ selected: "a" });
    expect(seen).toEqual([",a,true,true", "a,a,true,false"]);
  });
});

describe("actions", () => {
  it("opens a layer with its panel, and closes it again", () => {
    const store = createStore();
    keepRules(store);
    choose(store, "conv");
    expect(store.get()).toMatchObject({ selected: "conv", open: new Set(["conv"]), hint: false, panels: { tab: "layer" } });
    close(store);
    expect(store.get()).toMatchObject({ selected: null, open: new Set(), panels: { tab: "result" } });
  });

  it("keeps the explained class only where the next sample has it too", () => {
    const info = { method: "m", output: "out", target_label: "", score: 0, score_note: "", layer: null, inputs: [], layers: [], weights: [], gradients: null, bias: null };
    const sample = { name: "s", pictures: [], predictions: [], activations: [] };
    const report = new Report({
      manifest: { ...manifest(), samples: [sample, sample, sample], attributions: [{ ...info, sample: 0, target: 7 }, { ...info, sample: 1, target: 7 }, { ...info, sample: 2, target: 3 }] },
      blob: () => Promise.reject(new Error("no bytes")),
    });
    const store = createStore({ method: "m", target: 7 });
    chooseSample(store, report, 1);
    expect(store.get()).toMatchObject({ sample: 1, target: 7 });
    chooseSample(store, report, 2);
    expect(store.get()).toMatchObject({ sample: 2, target: null });
    chooseSample(store, report, 9);
    expect(store.get().sample).toBe(2);
  });
});
