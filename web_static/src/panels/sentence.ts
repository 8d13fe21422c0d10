// One sentence that says what the page shows: model, parameters, input, prediction.

import type { Report } from "../bundle/model";
import { el } from "./dom";
import { countText, plural, shapeText, valueText } from "../words/format";
import { summary } from "./prediction";

const MOST_OUTPUTS = 3;

/** " 48×48×1, 0 … 0.998": an output that is a map, by its size and what its values are between. */
function mapText(report: Report, sample: number, node: string): string {
  const { min, max } = report.activation(sample, node)?.summary ?? { min: null, max: null };
  const range = min === null || max === null ? "" : `, ${valueText(min)} … ${valueText(max)}`;
  return ` ${shapeText(report.node(node)?.shape ?? [])}${range}`;
}

/** For a page without samples it ends with the model's inputs. */
export function sentence(report: Report, sampleIndex: number): readonly Node[] {
  const { model, inputs } = report.manifest;
  const strong = (text: string): HTMLElement => el("b", {}, text);
  const text = (value: string): Text => document.createTextNode(value);
  const parts: Node[] = [
    strong(countText(model.params)),
    text(` parameter${model.params === 1 ? "" : "s"} · `),
    strong(countText(model.layers)),
    text(` layer${model.layers === 1 ? "" : "s"}`),
  ];
  const sample = report.sample(sampleIndex);
  if (!sample) {
    const word = inputs.length === 1 ? "input" : "inputs";
    return [...parts, text(` · ${word} `), strong(inputs.map((input) => input.name).join(", ")), text(" · architecture only, no activations")];
  }
  parts.push(text(" · input "), strong(sample.name), text(" → "));
  sample.predictions.slice(0, MOST_OUTPUTS).forEach((prediction, i) => {
    if (i > 0) parts.push(text(", "));
    const short = summary(prediction);
    if (short && sample.predictions.length > 1 && prediction.kind !== "values") parts.push(text(`${prediction.name} `));
    if (!short) parts.push(strong(prediction.name), text(prediction.kind === "map" ? mapText(report, sampleIndex, prediction.node) : " has no finite values"));
    else parts.push(strong(short.label), text(` ${short.score}`));
  });
  const left = sample.predictions.length - MOST_OUTPUTS;
  if (left > 0) parts.push(text(` and ${plural(left, "more output")}`));
  return parts;
}
