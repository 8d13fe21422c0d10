// What the model says, beside its output: all of few classes in line with their cells, else the best ones; values
// that are no classes one by one, as many as there is room for.

import type { Prediction } from "../bundle/manifest.gen";
import { valueText } from "../words/format";
import type { Pose } from "../layout/types";
import { Lens } from "./camera";
import { pointOn } from "./solid";

/** CSS pixels that are kept free beside an output. */
export const RESERVED = 172;
const FEW = 10;
const BEST = 5;
const LINE = 30;
/** The same for rows with their bar beside the text. */
const LOW_LINE = 14;

export function showable({ kind }: Prediction): boolean {
  return kind !== "map";
}

function percent(value: number): string {
  return value > 0 && value < 0.001 ? "<0.1%" : `${(value * 100).toFixed(1)}%`;
}

/** A bar's length 0..1 and the text beside it. Scores that are no probabilities are drawn against the largest. */
function measure({ activation, kind, top }: Prediction, value: number): { share: number; text: string } {
  if (kind === "values") return { share: Math.abs(value) / Math.max(...top.map((item) => Math.abs(item.value)), 1e-30), text: valueText(value) };
  if (activation === "softmax" || activation === "sigmoid") return { share: value, text: percent(value) };
  if (activation === "log_softmax") return { share: Math.exp(value), text: percent(Math.exp(value)) };
  const most = Math.max(...top.map((item) => Math.abs(item.value)), 1e-30);
  return { share: Math.max(0, value / most), text: value.toPrecision(3) };
}

interface Board {
  readonly node: string;
  readonly element: HTMLElement;
  /** Rows whose bar is beside the text; where all are shown, in line with the cells. */
  readonly few: boolean;
  readonly word: string;
  readonly rows: readonly HTMLElement[];
  /** For each row how many stay before it where there is no room for all: classes by their score, values in order. */
  readonly ranks: readonly number[];
  readonly more: HTMLElement | null;
  readonly total: number;
}

function child(parent: HTMLElement, name: string, text = ""): HTMLElement {
  const element = document.createElement("div");
  element.className = name;
  element.textContent = text;
  parent.append(element);
  return element;
}

export class Predictions {
  readonly #root: HTMLElement;
  #boards: Board[] = [];

  constructor(host: HTMLElement) {
    this.#root = child(host, "scene-predictions");
  }

  /** `boxOf` gives the box that shows an output's node; only boxes that show just that node have a board. */
  build(predictions: readonly Prediction[], boxOf: (node: string) => string | undefined): void {
    this.#root.replaceChildren();
    this.#boards = predictions.filter(showable).flatMap((prediction) => {
      const node = boxOf(prediction.node);
      if (node === undefined) return [];
      const values = prediction.kind === "values";
      const whole = prediction.total <= FEW && prediction.top.length === prediction.total;
      const few = values || (whole && prediction.kind === "classes");
      const element = child(this.#root, few ? "scene-board few" : "scene-board");
      const best = prediction.top[0];
      const listed = few ? [...prediction.top].sort((a, b) => a.index - b.index).slice(0, FEW) : prediction.top.slice(0, BEST);
      const rows = listed.map((item) => {
        const { share, text } = measure(prediction, item.value);
        const row = child(element, item === best && !values ? "board-row best" : "board-row");
        child(row, "board-class", item.label);
        child(row, "board-value", text);
        child(child(row, "board-bar"), "board-fill").style.width = `${(Math.min(1, share) * 100).toFixed(2)}%`;
        return row;
      });
      const more = prediction.kind === "binary" ? null : child(element, "board-more");
      const ranks = listed.map((item, i) => (values ? i : prediction.top.indexOf(item)));
      return [{ node, element, few, rows, ranks, more, total: prediction.total, word: values ? "values" : "classes" }];
    });
  }

  update(lens: Lens, poses: ReadonlyMap<string, Pose>, hidden: boolean, done: (node: string) => boolean): void {
    for (const { node, element, few, rows, ranks, more, total, word } of this.#boards) {
      const pose = poses.get(node);
      element.hidden = hidden || !pose || pose.fade > 0.5 || !done(node);
      if (element.hidden || !pose) continue;
      const [top, bottom] = [lens.project(pointOn(pose, 1, 0)), lens.project(pointOn(pose, 1, 1))];
      const back = [lens.project(pointOn(pose, 1, 0, 1)), lens.project(pointOn(pose, 1, 1, 1))];
      const x = Math.max(top.x, bottom.x, ...back.map((spot) => spot.x)) + 8;
      const height = bottom.y - top.y;
      if (few && (!more || (total === rows.length && height >= 12 * total))) {
        if (more) more.hidden = true;
        const pitch = height / rows.length;
        // Where cells are too low to be read in line with, a list of its own that stands on the same floor.
        const line = Math.max(pitch, 13);
        const y = bottom.y - line * rows.length;
        rows.forEach((row, i) => {
          row.hidden = false;
          row.style.transform = `translate(0, ${(line * (i + 0.5)).toFixed(1)}px) translateY(-50%)`;
        });
        element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
        continue;
      }
      const line = few ? LOW_LINE : LINE;
      const room = Math.max(1, Math.min(rows.length, Math.floor((height + 4) / line) - (more ? 1 : 0)));
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = (ranks[i] ?? i) >= room;
        if (!row.hidden) row.style.transform = `translate(0, ${shown++ * line}px)`;
      });
      if (more) {
        more.hidden = total <= room;
        more.textContent = rows.length === 0 ? "no finite values" : `+ ${total - room} more ${word}`;
        more.style.transform = `translate(0, ${rows.length === 0 ? 0 : room * line}px)`;
      }
      const y = bottom.y - (room + (more ? 0.75 : 0)) * line;
      element.style.transform = `translate(${x.toFixed(1)}px, ${Math.min(y, top.y + 4).toFixed(1)}px)`;
    }
  }

  dispose(): void {
    this.#root.remove();
  }
}
