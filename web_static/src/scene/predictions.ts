// What the model says, beside its output: all of few classes in line with their cells, else the best ones.

import type { Prediction } from "../bundle/manifest.gen";
import type { Pose } from "../layout/types";
import { Lens } from "./camera";
import { pointOn } from "./solid";

/** CSS pixels that are kept free beside an output. */
export const RESERVED = 172;
const FEW = 10;
const BEST = 5;
const LINE = 30;

export function showable({ kind }: Prediction): boolean {
  return kind === "classes" || kind === "binary";
}

function percent(value: number): string {
  return value > 0 && value < 0.001 ? "<0.1%" : `${(value * 100).toFixed(1)}%`;
}

/** A bar's length 0..1 and the text beside it. Scores that are no probabilities are drawn against the largest. */
function measure({ activation, top }: Prediction, value: number): { share: number; text: string } {
  if (activation === "softmax" || activation === "sigmoid") return { share: value, text: percent(value) };
  if (activation === "log_softmax") return { share: Math.exp(value), text: percent(Math.exp(value)) };
  const most = Math.max(...top.map((item) => Math.abs(item.value)), 1e-30);
  return { share: Math.max(0, value / most), text: value.toPrecision(3) };
}

interface Board {
  readonly node: string;
  readonly element: HTMLElement;
  readonly few: boolean;
  readonly rows: readonly HTMLElement[];
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
      const few = prediction.total <= FEW && prediction.top.length === prediction.total && prediction.kind === "classes";
      const element = child(this.#root, few ? "scene-board few" : "scene-board");
      const best = prediction.top[0];
      const listed = few ? [...prediction.top].sort((a, b) => a.index - b.index) : prediction.top.slice(0, BEST);
      const rows = listed.map((item) => {
        const { share, text } = measure(prediction, item.value);
        const row = child(element, item === best ? "board-row best" : "board-row");
        child(row, "board-class", item.label);
        child(row, "board-value", text);
        child(child(row, "board-bar"), "board-fill").style.width = `${(Math.min(1, share) * 100).toFixed(2)}%`;
        return row;
      });
      const more = few || prediction.kind === "binary" ? null : child(element, "board-more");
      return [{ node, element, few, rows, more, total: prediction.total }];
    });
  }

  update(lens: Lens, poses: ReadonlyMap<string, Pose>, hidden: boolean): void {
    for (const { node, element, few, rows, more, total } of this.#boards) {
      const pose = poses.get(node);
      element.hidden = hidden || !pose || pose.fade > 0.5;
      if (element.hidden || !pose) continue;
      const [top, bottom] = [lens.project(pointOn(pose, 1, 0)), lens.project(pointOn(pose, 1, 1))];
      const back = [lens.project(pointOn(pose, 1, 0, 1)), lens.project(pointOn(pose, 1, 1, 1))];
      const x = Math.max(top.x, bottom.x, ...back.map((spot) => spot.x)) + 8;
      const height = bottom.y - top.y;
      if (few) {
        const pitch = height / rows.length;
        // Where cells are too low to be read in line with, a list of its own that stands on the same floor.
        const line = Math.max(pitch, 13);
        const y = bottom.y - line * rows.length;
        rows.forEach((row, i) => (row.style.transform = `translate(0, ${(line * (i + 0.5)).toFixed(1)}px) translateY(-50%)`));
        element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
        continue;
      }
      const room = Math.max(1, Math.min(rows.length, Math.floor((height + 4) / LINE) - (more ? 1 : 0)));
      rows.forEach((row, i) => {
        row.hidden = i >= room;
        row.style.transform = `translate(0, ${i * LINE}px)`;
      });
      if (more) {
        more.hidden = total <= room;
        more.textContent = `+ ${total - room} more classes`;
        more.style.transform = `translate(0, ${room * LINE}px)`;
      }
      const y = bottom.y - (room + (more ? 0.75 : 0)) * LINE;
      element.style.transform = `translate(${x.toFixed(1)}px, ${Math.min(y, top.y + 4).toFixed(1)}px)`;
    }
  }

  dispose(): void {
    this.#root.remove();
  }
}
