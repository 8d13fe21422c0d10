// "Where this value comes from": the card with the arithmetic, its numbers from this very run.

import type { Report } from "../../bundle/model";
import { layerRange, symmetric, type Range } from "../../colour/value";
import type { Theme } from "../../colour/tokens";
import { viewGraph } from "../../layout/fold";
import type { Origin, Part } from "../../origin/explain";
import { fieldOf } from "../../origin/field";
import { seenThrough } from "../../origin/regions";
import type { Patch, Spot, Term } from "../../origin/types";
import { told } from "../../origin/told";
import { chooseCell } from "../../state/actions";
import { readCell } from "../../state/cell";
import type { Store, ViewState } from "../../state/store";
import { plural, shapeText, valueText } from "../../words/format";
import { button, el } from "../dom";
import { drawPatch, drawPicture } from "../picture";
import { faceOf } from "../subject";
import { indexText } from "../tooltip";

/** Terms that are listed; of more, the strongest, and what the others come to. */
const LISTED = 8;

function signed(value: number): string {
  return value < 0 ? `−${valueText(-value)}` : `+${valueText(value)}`;
}

/** The strongest terms in falling order; all in their own order where they are few. */
export function listed(terms: readonly Term[]): { shown: readonly Term[]; rest: number; restSum: number } {
  if (terms.length <= LISTED) return { shown: terms, rest: 0, restSum: 0 };
  const sorted = [...terms].sort((a, b) => Math.abs(b.part.value) - Math.abs(a.part.value));
  const rest = sorted.slice(LISTED);
  return { shown: sorted.slice(0, LISTED), rest: rest.length, restSum: rest.reduce((sum, { part }) => sum + part.value, 0) };
}

/** Goes to the value that a term is made of: its layer opens, and its own origin is told. */
function jump(report: Report, store: Store, spot: Spot): void {
  const { node: id, index } = seenThrough(report, spot.node, spot.index);
  const node = report.node(id);
  if (!node) return;
  const { unfolded } = store.get();
  const view = viewGraph(report.manifest, unfolded);
  const box = view.nodes.find((item) => item.id === (view.boxOf.get(id) ?? id));
  const channel = node.channel_axis === null ? null : (index[node.channel_axis] ?? null);
  if (box?.folded === true && box.shows !== id) {
    const opened = new Set(unfolded);
    if (!opened.delete(box.id)) opened.add(box.id);
    store.set({ unfolded: opened });
    jump(report, store, spot);
    return;
  }
  chooseCell(store, box?.shows === id ? box.id : id, { node: id, index }, channel);
}

function tile(patch: Patch, range: Range, theme: Theme): HTMLElement {
  const canvas = el("canvas", { "aria-hidden": "true" });
  // Long windows of signals are cut into lines.
  const side = patch.height === 1 && patch.width > 24 ? Math.ceil(Math.sqrt(patch.width)) : patch.width;
  drawPatch(canvas, { values: patch.values, width: side, height: Math.ceil(patch.values.length / side) }, range, theme);
  return canvas;
}

interface Ranges {
  readonly input: Range;
  readonly kernel: Range;
}

function rangesOf(report: Report, sample: number, { node, sum }: Part): Ranges {
  const input = node.rule?.inputs[0];
  const summary = input === undefined ? undefined : report.activation(sample, input)?.summary;
  const weights = sum?.terms.flatMap(({ kernel }) => kernel?.values ?? []) ?? [];
  const high = symmetric(Math.min(0, ...weights), Math.max(0, ...weights)).high;
  return { input: summary ? layerRange(summary) : { low: -1, high: 1 }, kernel: { low: -high, high } };
}

/** A term's own label; behind a layer that only moves values, the place that it has before that. */
function labelOf(report: Report, { label, spot, factors }: Term): string {
  const before = spot && factors ? seenThrough(report, spot.node, spot.index) : null;
  const node = before && before.node !== spot?.node ? report.node(before.node) : undefined;
  if (!node || !before || node.channel_axis === null) return label;
  const space = before.index.filter((_, axis) => axis !== node.channel_axis);
  return `${node.axes[node.channel_axis] ?? "channel"} ${before.index[node.channel_axis] ?? 0}${space.length > 0 ? ` at ${space.join(", ")}` : ""}`;
}

function termRow(report: Report, store: Store, term: Term, sign: string, ranges: Ranges): HTMLElement {
  const { theme } = store.get();
  const { part, spot, input, kernel, factors } = term;
  const label = labelOf(report, term);
  const pictures = el("span.pictures");
  if (input) pictures.append(tile(input, ranges.input, theme));
  if (input && kernel) pictures.append(el("i", { "aria-hidden": "true" }, "×"), tile(kernel, ranges.kernel, theme));
  const text = factors ? `${valueText(factors[0])} × ${valueText(factors[1])}` : "";
  const value = sign === "+" ? signed(part.value) : valueText(part.value);
  const name = [label, text].filter(Boolean).join(", ");
  const inside = [input ? pictures : null, el("span.label", {}, label), text ? el("span.factors", {}, text) : null, el("span.number", {}, value)];
  if (!spot) return el("li", {}, el("span.term", {}, ...inside));
  const target = report.node(spot.node)?.label ?? spot.node;
  const row = button("", () => jump(report, store, spot), { className: "term", label: `${name}: ${value}. Go to it in ${target}` });
  row.append(...inside.filter((item) => item !== null));
  return el("li", {}, row);
}

function partRows(report: Report, store: Store, one: Part, first: boolean): HTMLElement[] {
  const { sum } = one;
  const rows: HTMLElement[] = [];
  if (!sum) return [el("p.note", {}, one.why ?? "")];
  if (first) {
    const { shown, rest, restSum } = listed(sum.terms);
    const list = el("ol.terms");
    const ranges = rangesOf(report, store.get().sample, one);
    for (const term of shown) list.append(termRow(report, store, term, sum.sign, ranges));
    if (rest > 0) list.append(el("li.rest", {}, el("span.label", {}, `and ${rest.toLocaleString("en-US")} more, together`), el("span.number", {}, signed(restSum))));
    rows.push(el("p.how", {}, sum.how), list);
    if (sum.sign === "+" && sum.terms.length > 1) {
      const total = sum.terms.reduce((all, { part }) => all + part.value, 0);
      rows.push(stepRow(`sum of ${plural(sum.terms.length, "line")}`, total));
    }
  } else {
    // Of what follows in the same box, one line a layer.
    rows.push(stepRow(`${one.node.label}${sum.steps.length === 0 ? ": as it is" : ""}`, null));
  }
  rows.push(...sum.steps.map(({ text, value }) => stepRow(text, value)));
  return rows;
}

function stepRow(text: string, value: number | null): HTMLElement {
  return el("div.step", {}, el("span.label", {}, text), value === null ? null : el("span.number", {}, valueText(value)));
}

/** How the sum compares with the value that is shown, and why it may differ. */
export function checkText({ sum, shown, allowed }: Part): string {
  if (!sum) return "";
  const off = Math.abs(sum.result.value - shown.value);
  const exact = allowed <= 1e-5 * (1 + Math.abs(shown.value));
  if (exact) return "Worked out from the exact values of this run.";
  if (off <= 5e-4 * Math.abs(shown.value) || off === 0) return `Agrees to three digits; stored in 8 bits, it could differ by ${valueText(allowed)}.`;
  return `Differs by ${valueText(off)}, within ±${valueText(allowed)}: stored in 8 bits.`;
}

function sight(report: Report, state: ViewState, origin: Origin): HTMLElement | null {
  const last = origin.parts[origin.parts.length - 1];
  const seen = last && fieldOf(report, last.node, last.index);
  const input = seen && report.node(seen.node);
  if (!seen || !input) return null;
  const size = seen.to.map((to, axis) => to - (seen.from[axis] ?? 0)).filter((_, axis) => axis !== input.channel_axis);
  const text = seen.whole ? `Sees all of ${input.label}.` : `Sees ${shapeText(size)} of ${input.label}${seen.gated ? ", and by a gate all of it" : ""}.`;
  const picture = report.sample(state.sample)?.pictures.find((item) => item.node === seen.node);
  const box = el("figure.sight", {});
  if (picture) {
    const canvas = el("canvas", { role: "img", "aria-label": `${input.label}, with a frame around what this value sees` });
    const [height = 1, width = 1] = input.shape.filter((_, axis) => axis !== input.channel_axis);
    const [top = 0, left = 0] = seen.from.filter((_, axis) => axis !== input.channel_axis);
    const frame = el("i.frame", { "aria-hidden": "true" });
    Object.assign(frame.style, { left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%`, width: `${(100 * (size[1] ?? 1)) / width}%`, height: `${(100 * (size[0] ?? 1)) / height}%` });
    void drawPicture(canvas, report, picture.tensor);
    box.append(el("span.picture", {}, canvas, frame));
  }
  box.append(el("figcaption", {}, text));
  return box;
}

function card(report: Report, store: Store, origin: Origin): HTMLElement {
  const last = origin.parts[origin.parts.length - 1];
  const box = el("div.origin-card", { tabindex: -1, role: "group" });
  if (!last) return box;
  const { node, index, shown } = last;
  const place = indexText(node.axes, null, index);
  box.setAttribute("aria-label", `${place} of ${node.label} is ${valueText(shown.value)}`);
  box.append(el("p.place", {}, el("span", {}, place), el("b.number", {}, valueText(shown.value))));
  origin.parts.forEach((one, i) => box.append(...partRows(report, store, one, i === 0)));
  const whole = origin.parts.every(({ sum }) => sum !== null);
  box.dataset["told"] = String(whole);
  const check = checkText(last);
  if (last.sum) box.append(el("div.step.result", {}, el("span.label", {}, "worked out"), el("b.number", {}, valueText(last.sum.result.value))));
  if (check) box.append(el("p.check", {}, check));
  const seen = sight(report, store.get(), origin);
  if (seen) box.append(seen);
  return box;
}

/** The section of the inspector; empty until a cell is chosen. Kept in step with the store by the caller. */
export function originSection(report: Report, store: Store): { readonly element: HTMLElement; readonly show: (state: ViewState) => void } {
  // Read out when the cell changes: the value in one sentence, not the whole card.
  const said = el("p.unseen", { role: "status" });
  const place = el("div");
  const element = el("section.origin", { "aria-label": "Where this value comes from", hidden: true }, said, place);
  let turn = 0;
  let before: string | null = null;
  const show = (state: ViewState): void => {
    const mine = ++turn;
    const cell = state.cell === null ? null : readCell(state.cell);
    const face = state.selected === null ? null : faceOf(report, state.selected, state.unfolded);
    const node = face !== null && cell?.node === face ? report.node(face) : undefined;
    if (!cell || cell.index.length !== node?.shape.length || state.mode !== "activations") {
      element.hidden = true;
      said.textContent = "";
      place.replaceChildren();
      return;
    }
    const dismiss = button("✕", () => store.set({ cell: null }), { className: "icon small", label: "Forget this cell" });
    told(report, state.sample, cell.node, cell.index).then(
      (origin) => {
        if (mine !== turn) return;
        const kept = element.contains(document.activeElement);
        element.hidden = false;
        const body = node.kind === "input" ? el("p.note", {}, "This value is given to the model.") : origin ? card(report, store, origin) : el("p.note", {}, "This value is not in the file.");
        place.replaceChildren(el("h3", {}, "Where this value comes from", dismiss), body);
        said.textContent = body.getAttribute("aria-label") ?? body.textContent;
        // On a phone the card may lie below what is seen of the sheet.
        if (state.cell !== before) place.scrollIntoView({ block: "nearest" });
        before = state.cell;
        if (kept) element.querySelector<HTMLElement>(".origin-card")?.focus();
      },
      () => {
        if (mine !== turn) return;
        element.hidden = false;
        place.replaceChildren(el("p.note", {}, "What this value is made of could not be read from the file."));
      },
    );
  };
  return { element, show };
}
