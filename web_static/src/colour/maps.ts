// Value maps. Cool colours are activations, warm ones attributions; zero is the background.

import { fromOklch, mixOklch, toOklch } from "./oklch";
import { rgb, type RGB, type Theme } from "./tokens";

export type MapName = "sequential" | "negative" | "heat" | "against";

const HEAT = ["#271125", "#8c1737", "#e14d28", "#fcaa2b", "#fef4b6"];
/** What speaks against: as dark at zero as heat, and blue to those who see no red. */
const AGAINST = ["#271125", "#4b2a78", "#7a55c0", "#b18fe8", "#eee2ff"];

/** Colours at 0, .25, .5, .75 and 1. Below zero is rose, not violet: violet and teal are one to those who see no green. */
export const STOPS: Readonly<Record<Theme, Readonly<Record<MapName, readonly string[]>>>> = {
  dark: {
    sequential: ["#121721", "#12476e", "#00849f", "#4fcab3", "#f4f9bf"],
    negative: ["#121721", "#562a4c", "#a83c62", "#ee7a86", "#ffd5d4"],
    heat: HEAT,
    against: AGAINST,
  },
  light: {
    sequential: ["#f7f7f1", "#a3e1c5", "#2fabb7", "#176297", "#0f204c"],
    negative: ["#f7f7f1", "#f8bcb4", "#e0627a", "#9c2f5c", "#491b56"],
    heat: HEAT,
    against: AGAINST,
  },
};

export const NAN_COLOUR: RGB = [255, 0, 255];
export const INFINITY_COLOUR: RGB = [0, 255, 0];
export const STEPS = 256;

const tables = new Map<string, Uint8Array>();

/** A map as 256 RGBA pixels. */
export function table(name: MapName, theme: Theme): Uint8Array {
  const key = `${theme} ${name}`;
  const known = tables.get(key);
  if (known) return known;
  const stops = STOPS[theme][name].map((hex) => toOklch(rgb(hex)));
  const made = new Uint8Array(STEPS * 4);
  for (let step = 0; step < STEPS; step++) {
    const place = (step / (STEPS - 1)) * (stops.length - 1);
    const from = Math.min(Math.floor(place), stops.length - 2);
    const [a, b] = [stops[from], stops[from + 1]];
    if (!a || !b) throw new RangeError(`the map ${name} should have at least two stops, but it has ${stops.length}`);
    made.set([...fromOklch(mixOklch(a, b, place - from)).map(Math.round), 255], step * 4);
  }
  tables.set(key, made);
  return made;
}

/** The colour at t, which is held to 0..1. */
export function lookup(name: MapName, theme: Theme, t: number): RGB {
  const pixels = table(name, theme);
  const step = Math.round(Math.min(1, Math.max(0, t)) * (STEPS - 1)) * 4;
  return [pixels[step] ?? 0, pixels[step + 1] ?? 0, pixels[step + 2] ?? 0];
}
