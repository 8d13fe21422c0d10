// What is under the pointer, told above the layer so that it hides neither the face nor the labels.

import type { Report } from "../bundle/model";
import { toOwn } from "../origin/places";
import { regionText, regionsOf } from "../origin/regions";
import type { Store } from "../state/store";
import { el } from "./dom";
import { shapeText, valueText } from "../words/format";
import { aboutText, subjectOf, type Subject } from "./subject";

export interface Hovered {
  readonly node: string;
  /** The node whose activation the box shows. */
  readonly shows: string;
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

/** Inputs that are named. */
const MOST_INPUTS = 3;
const GAP = 10;
const EDGE = 6;
/** Covering the layer itself is worse than covering a label. */
const OWN = 4;

function overlap(a: Place, b: Place): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return width > 0 && height > 0 ? width * height : 0;
}

/**
 * The corner at which a tooltip of this size covers least of the layer and of the labels: above it where that is as good
 * as beside it. All in CSS pixels of the stage.
 */
export function bestCorner(size: { readonly width: number; readonly height: number }, layer: Place, labels: readonly Place[], room: { readonly width: number; readonly height: number }): { readonly x: number; readonly y: number } {
  const held = (value: number, limit: number): number => Math.round(Math.max(EDGE, Math.min(limit - EDGE, value)));
  const { width, height } = size;
  const above = layer.top - height - GAP;
  const middle = (layer.top + layer.bottom - height) / 2;
  const spots = [
    [(layer.left + layer.right - width) / 2, above],
    [layer.left, above],
    [layer.right - width, above],
    [layer.right + GAP, layer.top],
    [layer.left - width - GAP, layer.top],
    [layer.right + GAP, middle],
    [layer.left - width - GAP, middle],
  ].map(([x = 0, y = 0]) => ({ x: held(x, room.width - width), y: held(y, room.height - height) }));
  const cost = ({ x, y }: { x: number; y: number }): number => {
    const box = { left: x, right: x + width, top: y, bottom: y + height };
    return labels.reduce((sum, label) => sum + overlap(box, label), OWN * overlap(box, layer));
  };
  const costs = spots.map(cost);
  return spots[costs.indexOf(Math.min(...costs))] ?? { x: EDGE, y: EDGE };
}

/** "channel 3 · y 6 · x 3": an index in stored order, channel first, by the names of the axes in the model's own order. */
export function indexText(axes: readonly string[], channelAxis: number | null, index: readonly number[]): string {
  const own = channelAxis === null ? [] : [axes[channelAxis] ?? "channel"];
  const names = [...own, ...axes.filter((_, axis) => axis !== channelAxis)];
  return index.map((at, i) => `${names[i] ?? "index"} ${at}`).join(" · ");
}

function valueLines(subject: Subject, hovered: Hovered): HTMLElement[] {
  const made = [
    el("div.value", {}, valueText(hovered.value ?? NaN)),
    el("div.line.number", {}, indexText(subject.axes, subject.channelAxis, hovered.index)),
  ];
  return hovered.reduced ? [...made, el("div.line", {}, "mean over an area: this map was reduced")] : made;
}

/** "5×5×6 patch of pool_1": what this value was worked out from, where that is known. */
function regionLines(report: Report, hovered: Hovered & { readonly sample: number }): HTMLElement[] {
  const node = report.node(hovered.shows);
  const tensor = report.activation(hovered.sample, hovered.shows)?.tensor;
  if (!node || !tensor || hovered.reduced || hovered.index.length === 0) return [];
  const regions = regionsOf(report, node, toOwn(node, hovered.index, tensor.shape));
  const texts = regions.slice(0, MOST_INPUTS).map((region) => regionText(report, region));
  if (regions.length > MOST_INPUTS) texts.push(`${regions.length - MOST_INPUTS} more`);
  return texts.length > 0 ? [el("div.line", {}, `${texts.join(" and ")} · click for the sum`)] : [];
}

export interface Tooltip {
  readonly element: HTMLElement;
  show(hovered: Hovered | null, place: Place | null): void;
}

export function tooltip(report: Report, store: Store): Tooltip {
  const element = el("div.tooltip", { role: "tooltip", hidden: true });

  const lines = (hovered: Hovered): HTMLElement[] => {
    const { sample, unfolded, selected } = store.get();
    const subject = subjectOf(report, hovered.shows === selected ? hovered.shows : hovered.node, unfolded);
    if (!subject) return [];
    // Of an open layer the inspector tells the rest.
    if (selected === hovered.node && hovered.value !== null) return [...valueLines(subject, hovered), ...regionLines(report, { ...hovered, sample })];
    const summary = report.activation(sample, hovered.shows)?.summary;
    const range = typeof summary?.min === "number" && summary.max !== null ? ` · ${valueText(summary.min)} … ${valueText(summary.max)}` : "";
    const made = [
      el("div.name", {}, subject.name),
      el("div.line", {}, aboutText(subject)),
      el("div.line.number", {}, shapeText(subject.shape) + range),
    ];
    return hovered.value === null ? made : [...made, ...valueLines(subject, hovered)];
  };

  return {
    element,
    show(hovered, place) {
      const made = hovered ? lines(hovered) : [];
      element.hidden = made.length === 0 || place === null;
      if (element.hidden || !place) return;
      element.replaceChildren(...made);
      const stage = element.parentElement;
      if (!stage) return;
      const room = stage.getBoundingClientRect();
      const labels = [...stage.querySelectorAll(".scene-label:not([hidden])")].map((label) => {
        const { left, right, top, bottom } = label.getBoundingClientRect();
        return { left: left - room.left, right: right - room.left, top: top - room.top, bottom: bottom - room.top };
      });
      const { x, y } = bestCorner(element.getBoundingClientRect(), place, labels, room);
      element.style.transform = `translate(${x}px, ${y}px)`;
    },
  };
}
