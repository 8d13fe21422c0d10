// A heat map laid over the picture that it explains.

import type { Tensor } from "../bundle/tensor";
import { STEPS, table } from "../colour/maps";
import type { Theme } from "../colour/tokens";
import type { Sign } from "../state/store";
import { drawPixels, pictureRgba } from "./picture";

const COLD = 0.08;
const HOT = 0.62;
const STRENGTH = 0.92;
/** The opacity at which heat is as strong as that, as in the scene. */
const USUAL = 0.8;
const GREYNESS = 0.75;
const DIM: Readonly<Record<Theme, number>> = { dark: 0.62, light: 0.95 };

/** A picture and its heat at the size of the screen; what is left to do is colour. */
export interface Prepared {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue of each pixel, 0..255. */
  readonly base: Float32Array;
  /** -1..1 of each pixel; null shows the picture alone. */
  readonly heat: Float32Array | null;
}

export function smoothstep(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** A value of a map as it is to be seen. */
export function signedAs(sign: Sign, value: number): number {
  return sign === "absolute" ? Math.abs(value) : value;
}

/**
 * Bilinear with half-pixel centres, so that a hot cell in the middle stays in the middle. `from` holds `depth` values for
 * each of its pixels, of which the one at `channel` is taken.
 */
export function resize(
  from: ArrayLike<number>,
  [fromWidth, fromHeight]: readonly [number, number],
  [width, height]: readonly [number, number],
  depth = 1,
  channel = 0,
): Float32Array {
  const made = new Float32Array(width * height);
  const at = (row: number, column: number): number => from[(row * fromWidth + column) * depth + channel] ?? 0;
  for (let y = 0, i = 0; y < height; y++) {
    const v = Math.min(fromHeight - 1, Math.max(0, ((y + 0.5) / height) * fromHeight - 0.5));
    const top = Math.floor(v);
    const bottom = Math.min(fromHeight - 1, top + 1);
    for (let x = 0; x < width; x++, i++) {
      const u = Math.min(fromWidth - 1, Math.max(0, ((x + 0.5) / width) * fromWidth - 0.5));
      const left = Math.floor(u);
      const right = Math.min(fromWidth - 1, left + 1);
      const upper = at(top, left) + (at(top, right) - at(top, left)) * (u - left);
      const lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * (u - left);
      made[i] = upper + (lower - upper) * (v - top);
    }
  }
  return made;
}

/** How a map is seen: by its size alone or with its sign, and the value that has full colour. */
export interface HeatLook {
  readonly sign: Sign;
  readonly full: number;
}

const PLAIN: HeatLook = { sign: "signed", full: 1 };

/** `side`: pixels of the longer side. `heat` is (1, H, W) in -1..1, or null. */
export function prepare(picture: Tensor, heat: Tensor | null, side: number, { sign, full }: HeatLook = PLAIN): Prepared {
  const { width: w, height: h, pixels } = pictureRgba(picture);
  const zoom = side / Math.max(w, h, 1);
  const [width, height] = [Math.max(1, Math.round(w * zoom)), Math.max(1, Math.round(h * zoom))];
  const base = new Float32Array(width * height * 3);
  for (let channel = 0; channel < 3; channel++) {
    resize(pixels, [w, h], [width, height], 4, channel).forEach((value, i) => (base[i * 3 + channel] = value));
  }
  if (!heat) return { width, height, base, heat: null };
  const [, rows = 1, columns = 1] = heat.shape;
  const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.max(-1, Math.min(1, signedAs(sign, heat.at(0, Math.floor(i / columns), i % columns)) / full)));
  return { width, height, base, heat: resize(values, [columns, rows], [width, height]) };
}

/** The picture's pixels: greyed and dimmed, the heat shining through by its strength. */
export function blend({ base, heat }: Prepared, opacity: number, theme: Theme): Uint8ClampedArray<ArrayBuffer> {
  const count = base.length / 3;
  const pixels = new Uint8ClampedArray(count * 4).fill(255);
  const [warm, against] = [table("heat", theme), table("against", theme)];
  const dim = DIM[theme];
  for (let i = 0, to = 0; i < count; i++, to += 4) {
    const luminance = 0.299 * (base[i * 3] ?? 0) + 0.587 * (base[i * 3 + 1] ?? 0) + 0.114 * (base[i * 3 + 2] ?? 0);
    const hot = heat?.[i] ?? 0;
    const share = Math.min(1, (STRENGTH * opacity) / USUAL) * smoothstep(COLD, HOT, Math.abs(hot));
    const light = (0.72 + (0.48 * luminance) / 255) * share;
    const colours = hot < 0 ? against : warm;
    const colour = Math.round(Math.min(1, Math.abs(hot)) * (STEPS - 1)) * 4;
    for (let c = 0; c < 3; c++) {
      const own = base[i * 3 + c] ?? 0;
      const grey = own + (luminance - own) * GREYNESS;
      pixels[to + c] = heat ? grey * dim * (1 - share) + (colours[colour + c] ?? 0) * light : own;
    }
  }
  return pixels;
}

export function drawHeat(canvas: HTMLCanvasElement, prepared: Prepared, opacity: number, theme: Theme): void {
  drawPixels(canvas, prepared.width, prepared.height, blend(prepared, opacity, theme));
}
