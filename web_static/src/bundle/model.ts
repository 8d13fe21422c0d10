// The bundle as the page asks for it: who feeds whom, what a node computed, where its bytes are.

import type { Activation, AttributionInfo, GroupInfo, HeatMap, Manifest, NodeInfo, Sample, TensorRef } from "./manifest.gen";
import type { Source } from "./source";
import { decode, type Tensor } from "./tensor";

export interface HeatKey {
  readonly method: string;
  readonly sample: number;
  /** Class index; null takes the first target that the bundle has. */
  readonly target: number | null;
}

export class Report {
  readonly manifest: Manifest;
  readonly source: Source;
  readonly #nodes: ReadonlyMap<string, NodeInfo>;
  readonly #groups: ReadonlyMap<string, GroupInfo>;
  readonly #inputs = new Map<string, string[]>();
  readonly #outputs = new Map<string, string[]>();
  /** By sample: a live page puts another sample into the place of one. */
  readonly #activations = new WeakMap<Sample, ReadonlyMap<string, Activation>>();

  constructor(source: Source) {
    this.source = source;
    this.manifest = source.manifest;
    const { nodes, groups, edges } = this.manifest;
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    this.#groups = new Map(groups.map((group) => [group.id, group]));
    for (const { source: from, target: to } of edges) {
      this.#outputs.set(from, [...(this.#outputs.get(from) ?? []), to]);
      this.#inputs.set(to, [...(this.#inputs.get(to) ?? []), from]);
    }
  }

  node(id: string): NodeInfo | undefined {
    return this.#nodes.get(id);
  }

  group(id: string): GroupInfo | undefined {
    return this.#groups.get(id);
  }

  /** Ids of the nodes that feed this one, in the model's own order. */
  inputsOf(id: string): readonly string[] {
    return this.#inputs.get(id) ?? [];
  }

  outputsOf(id: string): readonly string[] {
    return this.#outputs.get(id) ?? [];
  }

  sample(index: number): Sample | undefined {
    return this.manifest.samples[index];
  }

  activation(sample: number, node: string): Activation | undefined {
    const found = this.manifest.samples[sample];
    if (!found) return undefined;
    const known = this.#activations.get(found) ?? new Map(found.activations.map((item) => [item.node, item]));
    this.#activations.set(found, known);
    return known.get(node);
  }

  async tensor(ref: TensorRef): Promise<Tensor> {
    return decode(ref, await this.source.blob(ref.blob));
  }

  /** What a method found for a sample and a target class. */
  heat(key: HeatKey): AttributionInfo | undefined {
    const found = this.manifest.attributions.filter((item) => item.method === key.method && item.sample === key.sample);
    return found.find((item) => item.target === key.target) ?? found[0];
  }

  /** That method's map over one node, an input or a layer. */
  heatMap(key: HeatKey, node: string): HeatMap | undefined {
    const found = this.heat(key);
    return found?.inputs.find((map) => map.node === node) ?? found?.layers.find((map) => map.node === node);
  }
}
