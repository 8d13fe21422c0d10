import { describe, expect, it } from "vitest";
import type { Manifest, Moment, Sample, Weight } from "../bundle/manifest.gen";
import { inputsOf, momentAt, sampleAt, weightsAt } from "../bundle/moments";
import { chain } from "../layout/samples";
import { valueText } from "../words/format";
import { momentText } from "./timeline";

const weight = (max: number): Weight => ({ name: "kernel", summary: { max } }) as Weight;
const sample = (name: string): Sample => ({ name, pictures: [], predictions: [], activations: [] });

function training(): Manifest {
  const base = chain(["a:conv", "b:dense"]);
  const [first] = base.nodes;
  if (!first) throw new Error("a chain has nodes");
  const node = { ...first, weights: [weight(3)] };
  const moment = (epoch: number, at: number, max: number): Moment => ({
    epoch, first: at, measures: [{ name: "loss", value: 0.25 }], nodes: [{ node: node.id, weights: [weight(max)], health: [] }],
  });
  return { ...base, nodes: [node], samples: ["a", "b", "a", "b"].map(sample), moments: [moment(0, 0, 1), moment(5, 2, 3)] };
}

describe("moments of a training", () => {
  it("holds every input once for each moment", () => {
    const manifest = training();
    expect(inputsOf(manifest)).toBe(2);
    expect([0, 1, 2, 3].map((one) => momentAt(manifest, one))).toEqual([0, 0, 1, 1]);
    expect(sampleAt(manifest, 1, 1)).toBe(3);
    expect(sampleAt(manifest, 3, 0)).toBe(1);
  });

  it("gives a layer the weights of the moment that is shown", () => {
    const manifest = training();
    const weights = manifest.nodes.flatMap((node) => node.weights);
    expect(weightsAt(manifest, 1, weights)[0]?.summary.max).toBe(1);
    expect(weightsAt(manifest, 2, weights)[0]?.summary.max).toBe(3);
  });

  it("leaves a single run as it is", () => {
    const manifest = { ...training(), moments: [] };
    const weights = manifest.nodes.flatMap((node) => node.weights);
    expect(inputsOf(manifest)).toBe(4);
    expect(momentAt(manifest, 3)).toBe(0);
    expect(weightsAt(manifest, 3, weights)).toBe(weights);
  });

  it("says when and how well", () => {
    const [before, after] = training().moments;
    expect(before && momentText(before)).toBe(`before training · loss ${valueText(0.25)}`);
    expect(after && momentText(after)).toBe(`after 5 epochs · loss ${valueText(0.25)}`);
  });
});
