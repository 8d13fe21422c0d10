// Tensors as small pictures on canvases.

import type { TensorRef } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { codeValues, type Tensor } from "../bundle/tensor";
import { heatColour } from "../colour/heat";
import { colourOf, type Range } from "../colour/value";
import type { RGB, Theme } from "../colour/tokens";

/** One channel as a picture: where its values lie in the tensor and how they are laid out. */
export interface Plane {
  readonly start: number;
  readonly width: number;
  readonly height: number;
}

/** How many tiles a tensor is shown as: the entries of its first axis. */
export function channelCount(shape: readonly number[]): number {
  return shape[0] ?? 1;
}

/** The picture that one channel makes. Of a volume (C, D, H, W) it is the middle slice. */
export function planeOf(shape: readonly number[], channel: number): Plane {
  const inner = shape.slice(1);
  const count = inner.reduce((product, side) => product * side, 1);
  const [width = 1, height = 1] = [...inner].reverse();
  const area = width * height;
  const slices = area > 0 ? count / area : 0;
  return { start: channel * count + Math.floor(slices / 2) * area, width, height };
}

export function drawPixels(canvas: HTMLCanvasElement, width: number, height: number, pixels: Uint8ClampedArray<ArrayBuffer>): void {
  canvas.width = Math.max(1, width);
  canvas.height = Math.max(1, height);
  if (width > 0 && height > 0) canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
}

/** One channel through the colour map, a canvas pixel a value. */
export function drawPlane(canvas: HTMLCanvasElement, tensor: Tensor, channel: number, range: Range, theme: Theme): void {
  paintPlane(canvas, tensor, channel, (value) => colourOf(value, range, theme));
}

/** One channel of an attribution; `most` has full colour. */
export function drawHeatPlane(canvas: HTMLCanvasElement, tensor: Tensor, channel: number, most: number, theme: Theme): void {
  paintPlane(canvas, tensor, channel, (value) => (Number.isFinite(value) ? heatColour(value / (most || 1), theme) : colourOf(value, { low: 0, high: 1 }, theme)));
}

function paintPlane(canvas: HTMLCanvasElement, tensor: Tensor, channel: number, colour: (value: number) => RGB): void {
  const { start, width, height } = planeOf(tensor.shape, channel);
  const pixels = new Uint8ClampedArray(width * height * 4);
  if (tensor.codes) {
    const colours = Array.from(codeValues(tensor, channel), (value) => colour(value));
    for (let i = 0, to = 0; i < width * height; i++) {
      const [r, g, b] = colours[tensor.codes[start + i] ?? 0] ?? [0, 0, 0];
      pixels[to++] = r;
      pixels[to++] = g;
      pixels[to++] = b;
      pixels[to++] = 255;
    }
  } else {
    const values = tensor.values ?? [];
    for (let i = 0; i < width * height; i++) pixels.set([...colour(values[start + i] ?? NaN), 255], i * 4);
  }
  drawPixels(canvas, width, height, pixels);
}

/** Values as a small picture, a canvas pixel a value; what is NaN there is nothing. */
export function drawPatch(canvas: HTMLCanvasElement, { values, width, height }: { readonly values: readonly number[]; readonly width: number; readonly height: number }, range: Range, theme: Theme): void {
  const pixels = new Uint8ClampedArray(width * height * 4);
  values.forEach((value, i) => {
    if (!Number.isNaN(value)) pixels.set([...colourOf(value, range, theme), 255], i * 4);
  });
  drawPixels(canvas, width, height, pixels);
}

/** The pixels of a picture (H, W, 1|3) as RGBA. */
export function pictureRgba(tensor: Tensor): { readonly width: number; readonly height: number; readonly pixels: Uint8ClampedArray<ArrayBuffer> } {
  const [height = 0, width = 0, depth = 1] = tensor.shape;
  const pixels = new Uint8ClampedArray(width * height * 4);
  const codes = tensor.codes ?? new Uint8Array(0);
  const [green, blue] = depth === 3 ? [1, 2] : [0, 0];
  for (let i = 0, from = 0, to = 0; i < width * height; i++, from += depth, to += 4) {
    pixels[to] = codes[from] ?? 0;
    pixels[to + 1] = codes[from + green] ?? 0;
    pixels[to + 2] = codes[from + blue] ?? 0;
    pixels[to + 3] = 255;
  }
  return { width, height, pixels };
}

/** Draws an input's picture once its bytes are there; a missing one leaves the canvas empty, the fault is told elsewhere. */
export async function drawPicture(canvas: HTMLCanvasElement, report: Report, ref: TensorRef): Promise<void> {
  try {
    const { width, height, pixels } = pictureRgba(await report.tensor(ref));
    drawPixels(canvas, width, height, pixels);
  } catch {
    canvas.classList.add("missing");
  }
}

/** All values of a tensor in stored order. */
export function valuesOf(tensor: Tensor): Float32Array {
  const { codes, clamp } = tensor;
  if (!codes) return Float32Array.from(tensor.values ?? [], (value) => (clamp ? Math.min(clamp.high, Math.max(clamp.low, value)) : value));
  const values = new Float32Array(codes.length);
  const count = codes.length / (tensor.shape[0] ?? 1);
  for (let start = 0, channel = 0; start < codes.length; start += count, channel++) {
    const table = codeValues(tensor, channel);
    for (let i = start; i < start + count; i++) values[i] = table[codes[i] ?? 0] ?? NaN;
  }
  return values;
}
