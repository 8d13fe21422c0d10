// The moments of a recorded training: all inputs once for each, one after the other.

import type { Health, Manifest, Moment, Weight } from "./manifest.gen";

/** Empty for a single run, and for bundles from before there were any. */
export function momentsOf(manifest: Manifest): readonly Moment[] {
  return (manifest as { readonly moments?: readonly Moment[] }).moments ?? [];
}

/** Inputs that each moment has; all samples where there are no moments. */
export function inputsOf(manifest: Manifest): number {
  return manifest.samples.length / Math.max(1, momentsOf(manifest).length);
}

/** Which moment a sample is of. */
export function momentAt(manifest: Manifest, sample: number): number {
  return Math.floor(sample / Math.max(1, inputsOf(manifest)));
}

/** The same input at another moment. */
export function sampleAt(manifest: Manifest, sample: number, moment: number): number {
  const inputs = inputsOf(manifest);
  return moment * inputs + (sample % inputs);
}

/** A layer's weights, which the manifest's nodes have of the last moment, as they were when a sample was taken. */
export function weightsAt(manifest: Manifest, sample: number, weights: readonly Weight[]): readonly Weight[] {
  const moment = momentsOf(manifest)[momentAt(manifest, sample)];
  if (!moment) return weights;
  return weights.map((weight) => {
    const node = manifest.nodes.find((item) => item.weights.includes(weight));
    const place = node?.weights.indexOf(weight) ?? -1;
    return moment.nodes.find((item) => item.node === node?.id)?.weights[place] ?? weight;
  });
}

/** What is wrong with layers when a sample was taken; `last` is what the manifest's nodes have. */
export function healthAt(manifest: Manifest, sample: number, nodes: readonly string[], last: readonly Health[]): readonly Health[] {
  const moment = momentsOf(manifest)[momentAt(manifest, sample)];
  if (!moment) return last;
  return moment.nodes.filter((item) => nodes.includes(item.node)).flatMap((item) => item.health);
}
