// Steps of features (C, T): a sheet, time down and channels across. Of few channels, a curve each, time to the right.

import { at } from "../layout/list";
import type { Form, Grid } from "./form";
import { clamp, NO_STEPS } from "./grid";

/** So many channels are drawn as curves; their thumbnails keep all steps. See SIGNAL in encode.py. */
const FEW = 4;
const SHORTEST = 8;
const LONG = 2;

export function isSignal(steps: number, channels: number): boolean {
  return channels <= FEW && steps >= SHORTEST;
}

export const sequence: Form = {
  size({ stored, longestSequence }) {
    const [channels, steps] = [Math.max(1, at(stored, 0)), Math.max(1, at(stored, 1))];
    const share = Math.max(0.36, (steps / Math.max(1, longestSequence)) ** 0.38);
    if (isSignal(steps, channels)) return { width: Math.min(4, Math.max(2.4, 4 * share)), height: Math.min(2.8, 0.9 + 0.55 * channels), depth: 0.16 };
    const side = 2.7 * share;
    const aspect = clamp(channels / steps, 1 / LONG, LONG);
    return { width: side * Math.sqrt(aspect), height: side / Math.sqrt(aspect), depth: 0.2 };
  },
  grid(shape, _aspect, detail): Grid {
    const thumb = detail === "thumb";
    const [steps, channels] = thumb ? [at(shape, 1), at(shape, 2)] : [at(shape, 1), at(shape, 0)];
    const [time, channel] = thumb ? [channels, 1] : [1, steps];
    const own = thumb ? 0 : 1;
    if (isSignal(steps, channels)) {
      return {
        maps: channels, columns: 1, rows: channels, height: 1, width: steps, gap: channels > 1 ? 0.03 : 0, curves: true,
        step: { map: channel, y: 0, x: time }, quant: { ...NO_STEPS, map: own, divide: 1 },
      };
    }
    return {
      maps: 1, columns: 1, rows: 1, height: steps, width: channels, gap: 0,
      step: { map: 0, y: time, x: channel }, quant: { ...NO_STEPS, x: own, divide: 1 },
    };
  },
  index: (_shape, { map, y, x }, grid) => (grid.curves ? [map, x] : [x, y]),
};
