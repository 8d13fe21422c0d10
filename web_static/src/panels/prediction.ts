// What an output said, as bars and as words.

import type { ClassScore, Prediction } from "../bundle/manifest.gen";
import { el } from "./dom";
import { percentText, plural, shapeText, valueText } from "../words/format";

/** The share that a class has, 0..1, or null where the output's values are no probabilities. */
export function share(prediction: Prediction, item: ClassScore): number | null {
  if (prediction.kind !== "classes" && prediction.kind !== "binary") return null;
  if (prediction.activation === "log_softmax") return Math.exp(item.value);
  return prediction.activation === "none" ? null : item.value;
}

export function scoreText(prediction: Prediction, item: ClassScore): string {
  const found = share(prediction, item);
  return found === null ? valueText(item.value) : percentText(found);
}

/** The prediction in a few words: what and how sure; null where the output is a map. */
export function summary(prediction: Prediction): { readonly label: string; readonly score: string } | null {
  const best = prediction.top[0];
  if (!best || prediction.kind === "map") return null;
  if (prediction.kind === "values") {
    const values = prediction.top.slice(0, 3).map((item) => valueText(item.value));
    const rest = prediction.total > values.length ? ", …" : "";
    return { label: prediction.name, score: values.join(", ") + rest };
  }
  return { label: best.label, score: scoreText(prediction, best) };
}

/** Bars of the best classes, the first one strong. */
export function bars(prediction: Prediction, most: number): HTMLElement {
  const shown = prediction.top.slice(0, most);
  const largest = Math.max(...shown.map((item) => Math.abs(item.value)), Number.MIN_VALUE);
  const list = el("ol.bars", { "aria-label": `Prediction of ${prediction.name}` });
  shown.forEach((item, rank) => {
    const part = share(prediction, item) ?? Math.abs(item.value) / largest;
    const bar = el("i.fill");
    bar.style.width = `${(Math.min(1, Math.max(0, part)) * 100).toFixed(2)}%`;
    list.append(
      el(
        rank === 0 && prediction.kind !== "values" ? "li.best" : "li",
        {},
        el("span.label", { title: item.label }, item.label),
        el("span.track", { "aria-hidden": "true" }, bar),
        el("span.number", {}, scoreText(prediction, item)),
      ),
    );
  });
  return list;
}

/** All that a sample's outputs said; for the phone's Result tab and for pages without a scene. */
export function predictionList(predictions: readonly Prediction[], shapeOf: (node: string) => readonly number[], most: number): HTMLElement {
  const box = el("div.predictions");
  for (const prediction of predictions) {
    if (predictions.length > 1) box.append(el("h3", {}, prediction.name));
    if (prediction.kind === "map") {
      box.append(el("p.note", {}, `${prediction.name}: a map of ${shapeText(shapeOf(prediction.node))} values; open its layer to see it.`));
      continue;
    }
    const list = bars(prediction, most);
    box.append(list);
    const left = prediction.total - Math.min(most, prediction.top.length);
    const word = prediction.kind === "values" ? "value" : "class";
    if (left > 0) box.append(el("p.note", {}, `+ ${word === "class" && left > 1 ? `${left} more classes` : plural(left, `more ${word}`)}`));
  }
  return box;
}
