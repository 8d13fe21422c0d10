// What a reader may want to know about the file itself.

import type { Manifest } from "../bundle/manifest.gen";
import { countText, plural } from "../words/format";

export function facts(manifest: Manifest): readonly string[] {
  const { model, inputs, budget, generator, created } = manifest;
  const lines = [
    `${model.class_name} “${model.name}”${model.file === null ? "" : ` from ${model.file}`}: ${countText(model.params)} parameters, ${countText(model.trainable_params)} of them trained.`,
    ...inputs.map((input) => `Input “${input.name}”: ${input.preprocessing}${input.guessed ? " (guessed)" : ""}.`),
    `Made by ${generator} with Keras ${model.keras} and TensorFlow ${model.tensorflow}, ${created}.`,
    "Values are kept in 253 steps between the smallest and the largest of each channel.",
  ];
  if (budget.reductions.length > 0) {
    const smallest = budget.smallest_map === null ? "" : `; the smallest has ${budget.smallest_map} pixels a side`;
    lines.push(`The maps of ${plural(budget.reductions.length, "layer")} were reduced by area means to keep the file small${smallest}.`);
  }
  if (model.digest !== null) lines.push(`SHA-256 of the model file: ${model.digest}`);
  return lines;
}
