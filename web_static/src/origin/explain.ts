// Where a value comes from: the sum behind it, step by step through the layers that are drawn as one box, each checked
// against the value that the run itself has there.

import type { NodeInfo, Weight } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { plan } from "../layout/plan";
import { bytesText } from "../words/format";
import type { Known } from "./known";
import type { Index } from "./places";
import { RULES } from "./rules";
import type { Case, Sum } from "./types";
import { Kernel, Untold, Values } from "./values";

/** What the model's own arithmetic rounds to, as a share of what is added up. */
const ROUNDING: Readonly<Record<string, number>> = { float64: 2e-6, float32: 2e-6, float16: 4e-3, bfloat16: 3e-2 };

export interface Part {
  readonly node: NodeInfo;
  readonly index: Index;
  /** The value that is shown. */
  readonly shown: Known;
  /** Null where it can't be told; `why` says so. */
  readonly sum: Sum | null;
  readonly why: string | null;
  /** How far the sum may be from what is shown, by what storing leaves out. */
  readonly allowed: number;
  /** How far it is to be expected to be, a standard deviation. */
  readonly expected: number;
}

/** From the layer that does the sum to the one whose value is shown; the same place in each. */
export interface Origin {
  readonly parts: readonly Part[];
}

const VALUE_BY_VALUE: ReadonlySet<string> = new Set(["activation", "prelu", "scale", "same"]);

/** The nodes that a box stands for up to `node`, as far as they work value by value. */
export function chainOf(report: Report, node: NodeInfo): NodeInfo[] {
  const unit = plan(report.manifest).units.find(({ members }) => members.some(({ id }) => id === node.id));
  const chain = [node];
  for (let here = node; here.rule && VALUE_BY_VALUE.has(here.rule.name); ) {
    const before = unit?.members.find(({ id }) => id === here.rule?.inputs[0]);
    if (!before) break;
    chain.unshift(before);
    here = before;
  }
  return chain;
}

async function values(report: Report, sample: number, id: string): Promise<Values> {
  const node = report.node(id);
  const ref = report.activation(sample, id)?.tensor;
  if (!node || !ref) throw new Untold(`The values of ${node?.label ?? id} are not in this file.`);
  if (ref.source) throw new Untold(`The maps of ${node.label} are area means in this file; export with --full to have every value.`);
  return new Values(node, await report.tensor(ref));
}

async function kernels(report: Report, weights: readonly Weight[]): Promise<ReadonlyMap<string, Kernel>> {
  const kept = weights.flatMap((weight) => (weight.tensor && (weight.tensor.source === null || weight.kept || weight.name === "embeddings") ? [{ weight, ref: weight.tensor }] : []));
  return new Map(await Promise.all(kept.map(async ({ weight, ref }) => [weight.name, new Kernel(weight, await report.tensor(ref))] as const)));
}

function absent(node: NodeInfo): Untold {
  const count = node.weights.reduce((all, { shape }) => all + shape.reduce((product, side) => product * side, 1), 0);
  return new Untold(`The weights of this layer are not in the file: ${bytesText(count * 4)}; export with --weights-in-page all, or --full.`);
}

/** A wrapped layer's weights have its name in front of their own. */
function isCalled(full: string, name: string): boolean {
  return full === name || full.endsWith(`/${name}`);
}

async function caseOf(report: Report, sample: number, node: NodeInfo, own: Values, known: readonly Weight[]): Promise<Case> {
  const { rule } = node;
  if (!rule) throw new Untold("How this layer works out its values is not known here, so nothing is claimed.");
  const [inputs, weights] = await Promise.all([Promise.all(rule.inputs.map((id) => values(report, sample, id))), kernels(report, known)]);
  return {
    node, rule, own, inputs,
    has: (name) => node.weights.some((weight) => isCalled(weight.name, name)),
    weight: (name) => {
      const found = weights.get([...weights.keys()].find((key) => isCalled(key, name)) ?? name);
      if (found) return found;
      throw node.weights.some((weight) => isCalled(weight.name, name)) ? absent(node) : new Untold(`This layer has no ${name.replace("_", " ")} of its own in the file.`);
    },
    label: (id) => report.node(id)?.label ?? id,
  };
}

/** By the weights that are here, else by those that a live model gives. */
async function summed(report: Report, sample: number, node: NodeInfo, own: Values, index: Index): Promise<Sum> {
  const from = async (weights: readonly Weight[]): Promise<Sum> => {
    const one = await caseOf(report, sample, node, own, weights);
    return RULES[one.rule.name](one, index);
  };
  try {
    return await from(node.weights);
  } catch (error) {
    if (!(error instanceof Untold) || node.weights.length === 0) throw error;
    const channel = index[node.channel_axis ?? index.length - 1] ?? 0;
    const asked = await report.source.weights?.(node.id, channel, sample);
    if (!asked) throw error;
    return await from(asked);
  }
}

async function part(report: Report, sample: number, node: NodeInfo, index: Index): Promise<Part> {
  const own = await values(report, sample, node.id);
  const shown = own.at(index);
  const base = { node, index, shown };
  try {
    const sum = await summed(report, sample, node, own, index);
    const { result, magnitude } = sum;
    const rounding = (ROUNDING[node.dtype] ?? 2e-6) * (magnitude + Math.abs(result.value) + 1e-9);
    const allowed = result.off + shown.off + rounding;
    const fits = Number.isNaN(result.value) === Number.isNaN(shown.value) && !(Math.abs(result.value - shown.value) > allowed);
    const why = fits ? null : "What was worked out from the stored inputs is not the value that the model returned: this call does something more, so no sum is claimed.";
    return { ...base, sum: fits ? sum : null, why, allowed, expected: Math.sqrt(result.noise + shown.noise) + rounding };
  } catch (error) {
    if (!(error instanceof Untold)) throw error;
    return { ...base, sum: null, why: error.message, allowed: 0, expected: 0 };
  }
}

/** Null where there is nothing to tell: the value itself is not in the file. */
export async function explain(report: Report, sample: number, node: NodeInfo, index: Index): Promise<Origin | null> {
  try {
    return { parts: await Promise.all(chainOf(report, node).map((one) => part(report, sample, one, index))) };
  } catch (error) {
    if (error instanceof Untold) return null;
    throw error;
  }
}
