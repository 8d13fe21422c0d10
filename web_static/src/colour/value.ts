// From a value to its colour: what the shader shows, the legend says and the tests compare with.

import type { Summary } from "../bundle/manifest.gen";
import { INFINITY_COLOUR, lookup, NAN_COLOUR } from "./maps";
import type { RGB, Theme } from "./tokens";

/** Where the colour scale ends. Zero lies within it, and both signs have the same scale: low is 0 or -high. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Share of the values other than zero that may lie beyond the end of the scale, so that one spike doesn't darken all. */
const BEYOND = 0.01;

export function symmetric(min: number, max: number): Range {
  const high = Math.max(Math.abs(min), Math.abs(max)) || 1;
  return { low: min < 0 ? -high : 0, high };
}

/** The range of a layer: all but the largest hundredth of its values, by magnitude, fall inside. */
export function layerRange({ min, max, histogram, zeros, count }: Summary): Range {
  if (min === null || max === null) return { low: 0, high: 1 };
  const full = symmetric(min, max);
  const width = (max - min) / histogram.length;
  const counted = histogram.reduce((sum, value) => sum + value, 0);
  if (width === 0 || counted === 0) return full;
  const bins = histogram.map((value, i) => ({
    value,
    outer: Math.max(Math.abs(min + i * width), Math.abs(min + (i + 1) * width)),
  }));
  bins.sort((a, b) => b.outer - a.outer);
  // The histogram may be of a sample of the values.
  const allowed = Math.floor(BEYOND * (1 - zeros) * Math.min(counted, count || counted));
  let beyond = 0;
  for (const { value, outer } of bins) {
    beyond += value;
    if (beyond > allowed) return symmetric(full.low < 0 ? -outer : 0, outer);
  }
  return full;
}

/** What the person chose: a scale of each layer or channel, or one that ends at the same value everywhere. */
export interface Scale {
  readonly range: "layer" | "channel" | "fixed";
  /** Where a fixed scale ends, above zero. */
  readonly fixed: number;
}

/** The range of a layer as the person wants it; that of a channel is a matter of its values. */
export function shownRange({ range, fixed }: Scale, summary: Summary): Range {
  const own = layerRange(summary);
  return range === "fixed" ? { low: own.low < 0 ? -fixed : 0, high: fixed } : own;
}

/** The exact colour that a cell with this value has in the scene. */
export function colourOf(value: number, range: Range, theme: Theme): RGB {
  if (Number.isNaN(value)) return NAN_COLOUR;
  if (!Number.isFinite(value)) return INFINITY_COLOUR;
  const t = value / range.high;
  return t < 0 ? lookup("negative", theme, -t) : lookup("sequential", theme, t);
}
