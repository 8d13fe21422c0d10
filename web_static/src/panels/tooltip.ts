// What is under the pointer, told above the layer so that it hides neither the face nor the labels.

import type { Report } from "../bundle/model";
import type { Store } from "../state/store";
import { el } from "./dom";
import { shapeText, valueText } from "./format";
import { aboutText, subjectOf } from "./subject";

export interface Hovered {
  readonly node: string;
  readonly channel: number | null;
  readonly index: readonly number[];
  readonly value: number | null;
  readonly reduced: boolean;
}

/** Where the layer is on the screen, in CSS pixels of the stage. */
export interface Place {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const GAP = 10;
const EDGE = 6;

/** "channel 3 · y 6 · x 3"; an index without names of axes is written in brackets. */
export function indexText(axes: readonly string[], index: readonly number[], channel: number | null): string {
  const parts = channel === null ? [] : [`channel ${channel}`];
  const names = axes.filter((axis) => axis !== "channel" && axis !== "unit");
  const rest = index.slice(Math.max(0, index.length - names.length));
  return [...parts, ...rest.map((at, i) => `${names[i] ?? ""} ${at}`)].join(" · ");
}

export interface Tooltip {
  readonly element: HTMLElement;
  show(hovered: Hovered | null, place: Place | null): void;
}

export function tooltip(report: Report, store: Store): Tooltip {
  const element = el("div.tooltip", { role: "tooltip", hidden: true });

  const lines = (hovered: Hovered): HTMLElement[] => {
    const { sample, unfolded } = store.get();
    const subject = subjectOf(report, hovered.node, unfolded);
    if (!subject) return [];
    const summary = report.activation(sample, subject.shows)?.summary;
    const range = typeof summary?.min === "number" && summary.max !== null ? ` · ${valueText(summary.min)} … ${valueText(summary.max)}` : "";
    const made = [
      el("div.name", {}, subject.name),
      el("div.line", {}, aboutText(subject)),
      el("div.line.number", {}, shapeText(subject.shape) + range),
    ];
    if (hovered.value !== null) {
      made.push(el("div.value", {}, valueText(hovered.value)), el("div.line.number", {}, indexText(subject.axes, hovered.index, hovered.channel)));
      if (hovered.reduced) made.push(el("div.line", {}, "mean over an area: this map was reduced"));
    }
    return made;
  };

  return {
    element,
    show(hovered, place) {
      const made = hovered ? lines(hovered) : [];
      element.hidden = made.length === 0 || place === null;
      if (element.hidden || !place) return;
      element.replaceChildren(...made);
      const room = element.parentElement?.getBoundingClientRect();
      const { width, height } = element.getBoundingClientRect();
      const limit = (room?.width ?? 0) - width - EDGE;
      const left = Math.max(EDGE, Math.min(limit, (place.left + place.right - width) / 2));
      const above = place.top - height - GAP;
      // Where there is no room above, beside it.
      const beside = place.right + GAP <= limit ? place.right + GAP : Math.max(EDGE, place.left - width - GAP);
      const [x, y] = above >= EDGE ? [left, above] : [beside, EDGE];
      element.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
    },
  };
}
