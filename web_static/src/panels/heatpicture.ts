// A heat map laid over the picture that it explains.

import type { Tensor } from "../bundle/tensor";
import { lookup } from "../colour/maps";
import type { Theme } from "../colour/tokens";
import { drawPixels, pictureRgba } from "./picture";

const COLD = 0.08;
const HOT = 0.62;
const STRENGTH = 0.92;
const GREYNESS = 0.75;
const DIM: Readonly<Record<Theme, number>> = { dark: 0.62, light: 0.95 };

export function smoothstep(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

/** Bilinear with half-pixel centres, so that a hot cell in the middle stays in the middle. `u`, `v` in 0..1. */
export function bilinear(at: (y: number, x: number) => number, width: number, height: number, u: number, v: number): number {
  const x = Math.min(width - 1, Math.max(0, u * width - 0.5));
  const y = Math.min(height - 1, Math.max(0, v * height - 0.5));
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const [fx, fy] = [x - left, y - top];
  const upper = at(top, left) * (1 - fx) + at(top, right) * fx;
  const lower = at(bottom, left) * (1 - fx) + at(bottom, right) * fx;
  return upper * (1 - fy) + lower * fy;
}

/** Draws at `side` pixels on the longer side. `heat` is (1, H, W) in 0..1; null draws the picture alone. */
export function drawHeat(
  canvas: HTMLCanvasElement,
  picture: Tensor,
  heat: Tensor | null,
  options: { readonly side: number; readonly opacity: number; readonly theme: Theme },
): void {
  const base = pictureRgba(picture);
  const zoom = options.side / Math.max(base.width, base.height, 1);
  const [width, height] = [Math.max(1, Math.round(base.width * zoom)), Math.max(1, Math.round(base.height * zoom))];
  const pixels = new Uint8ClampedArray(width * height * 4);
  const sample = (channel: number, u: number, v: number): number =>
    bilinear((y, x) => base.pixels[(y * base.width + x) * 4 + channel] ?? 0, base.width, base.height, u, v);
  const [, heatHeight = 1, heatWidth = 1] = heat?.shape ?? [];
  const hot = heat ? bakedValues(heat) : null;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 4) {
      const [u, v] = [(x + 0.5) / width, (y + 0.5) / height];
      const colour = [sample(0, u, v), sample(1, u, v), sample(2, u, v)];
      const value = hot ? bilinear((row, column) => hot[row * heatWidth + column] ?? 0, heatWidth, heatHeight, u, v) : null;
      pixels.set([...(value === null ? colour : blend(colour, value, options)), 255], to);
    }
  }
  drawPixels(canvas, width, height, pixels);
}

function bakedValues(heat: Tensor): Float32Array {
  const [, height = 1, width = 1] = heat.shape;
  return Float32Array.from({ length: width * height }, (_, i) => heat.at(0, Math.floor(i / width), i % width));
}

/** One pixel: the picture greyed and dimmed, the heat shining through by its strength. Channels 0..255. */
export function blend(colour: readonly number[], value: number, { opacity, theme }: { readonly opacity: number; readonly theme: Theme }): number[] {
  const [r = 0, g = 0, b = 0] = colour;
  const luminance = (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  const share = STRENGTH * smoothstep(COLD, HOT, value) * opacity;
  const light = 0.72 + 0.48 * luminance;
  return lookup("heat", theme, value).map((warm, i) => {
    const grey = (colour[i] ?? 0) * (1 - GREYNESS) + luminance * 255 * GREYNESS;
    return grey * DIM[theme] * (1 - share) + warm * light * share;
  });
}
