// The head of the inspector: what it is, its size and cost, what is wrong with it.

import type { Activation, Health, ReceptiveField } from "../../bundle/manifest.gen";
import type { Report } from "../../bundle/model";
import { el, swatch } from "../dom";
import { bytesText, countText, shapeText, shareText } from "../../words/format";
import type { Subject } from "../subject";

export type Row = readonly [string, string];

/** The four facts that everybody wants, as a grid. */
export function mainFacts(subject: Subject, activation: Activation | undefined): readonly Row[] {
  return [
    ["Output", shapeText(subject.shape)],
    ["Parameters", countText(subject.params)],
    ["Multiply–adds", subject.macs === null ? "not counted" : countText(subject.macs)],
    ["Zeros", activation && activation.summary.count > 0 ? shareText(activation.summary.zeros) : "–"],
  ];
}

/** All others, as lines. */
export function otherFacts(subject: Subject): readonly Row[] {
  const frozen = subject.params - subject.trainable;
  const rows: Row[] = [];
  if (subject.axes.length > 0) rows.push(["axes", subject.axes.join(" × ")]);
  if (subject.dtype !== null) rows.push(["dtype", subject.dtype]);
  if (subject.bytes !== null) rows.push(["memory", bytesText(subject.bytes)]);
  if (subject.time !== null) rows.push(["time", `${shareText(subject.time)} of the forward pass`]);
  if (subject.field !== null) rows.push(["receptive field", fieldText(subject.field)]);
  if (subject.params > 0 && frozen > 0) rows.push(["not trained", countText(frozen)]);
  return [...rows, ...subject.facts.map((fact): Row => [fact.name, fact.value])];
}

/** "67×67, step 8": what one position sees of the input. */
export function fieldText({ size, step, gated }: ReceptiveField): string {
  if (size.every((item) => item === null)) return "the whole input";
  const steps = [...new Set(step)].map((item) => String(Number(item.toFixed(3))));
  return `${size.map((item) => item ?? "all").join("×")}, step ${steps.join("×")}${gated ? ", weighed by the whole input" : ""}`;
}

/** Where what is kept is less than what the model computed, a sentence that says so. */
export function reductionText(shape: readonly number[], source: readonly number[] | null): string | null {
  if (source === null) return null;
  const spatial = source.length > 2 && source[0] === shape[0];
  return spatial
    ? `Reduced from ${shapeText(source.slice(1))} to ${shapeText(shape.slice(1))} (area mean) to keep the file small.`
    : `The first ${shapeText(shape)} of ${shapeText(source)} values are kept in this file.`;
}

const SERIOUS: ReadonlySet<Health["kind"]> = new Set(["nan", "inf", "exploding"]);

export function healthLines(health: readonly Health[]): HTMLElement[] {
  const texts = new Set<string>();
  return health.flatMap((item) => {
    if (texts.has(item.text)) return [];
    texts.add(item.text);
    return [el(SERIOUS.has(item.kind) ? "p.health.bad" : "p.health", {}, item.text)];
  });
}

export function head(report: Report, subject: Subject, activation: Activation | undefined): HTMLElement {
  const grid = el("dl.facts");
  for (const [name, value] of mainFacts(subject, activation)) grid.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  const box = el("header", {}, el("h2", { id: "tv-subject" }, swatch(subject.kind), subject.name), el("p.about", {}, subject.about), grid);
  if (subject.note !== null) box.append(el("p.note", {}, subject.note));
  box.append(...healthLines(subject.health));
  const ref = activation?.tensor;
  const reduced = ref ? reductionText(ref.shape, ref.source) : null;
  if (reduced !== null) box.append(el("p.note.reduced", {}, reduced));
  if (activation && !ref && subject.note === null) box.append(el("p.note", {}, "Its values are not in this file."));
  if (!activation && report.manifest.samples.length === 0) {
    box.append(el("p.note", {}, "This file holds the architecture only. Export with an input (-i) to see activations."));
  }
  return box;
}

export function factList(rows: readonly Row[]): HTMLElement {
  const list = el("dl.lines");
  for (const [name, value] of rows) list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return el("section", {}, list);
}
