// From an attribution to its colour.

import type { HeatMap, MethodInfo } from "../bundle/manifest.gen";
import { LAST_CODE, type Tensor } from "../bundle/tensor";
import { lookup } from "./maps";
import type { RGB, Theme } from "./tokens";

/** Share of a map's values that stay below full colour: gradients have a few that are far larger than the others. */
const BELOW = 0.99;

/** The colour of an attribution in -1..1: what speaks against the class on a ramp of its own. */
export function heatColour(value: number, theme: Theme): RGB {
  return value < 0 ? lookup("against", theme, -value) : lookup("heat", theme, value);
}

const known = new WeakMap<HeatMap, number>();

/**
 * The value of a map (stored in 0..1 or -1..1) that has full colour. Maps that run over their own maximum by definition
 * (CAMs) end at 1; of others the strongest hundredth lies beyond.
 */
export function fullColour(map: HeatMap, tensor: Tensor, method: MethodInfo | undefined): number {
  if (map.blank || !tensor.codes || method?.range.startsWith("0 to 1")) return 1;
  const found = known.get(map) ?? most(tensor.codes, tensor.scale?.[0] ?? 0, tensor.zero?.[0] ?? 0);
  known.set(map, found);
  return found;
}

function most(codes: Uint8Array, scale: number, zero: number): number {
  const counts = new Uint32Array(LAST_CODE + 1);
  for (const code of codes) if (code <= LAST_CODE) counts[code] = (counts[code] ?? 0) + 1;
  const sizes = [...counts].map((count, code) => ({ count, size: Math.abs(zero + scale * code) })).sort((a, b) => a.size - b.size);
  const wanted = BELOW * codes.length;
  let below = 0;
  for (const { count, size } of sizes) {
    below += count;
    if (below >= wanted && size > 0) return Math.min(1, size);
  }
  return 1;
}
