// A heat map over a signal: the curve on columns of colour.

import type { Tensor } from "../../bundle/tensor";
import { css, TOKENS } from "../../colour/tokens";
import { heatColour } from "../../colour/heat";
import type { ViewState } from "../../state/store";
import { signedAs } from "../heatpicture";

const WIDTH = 608;
const HEIGHT = 160;
const INSET = 10;

/** Lowest and highest value of each column of a signal with more values than columns. */
export function envelope(values: readonly number[], columns: number): { readonly low: number; readonly high: number }[] {
  return Array.from({ length: columns }, (_, x) => {
    const from = Math.floor((x / columns) * values.length);
    const part = values.slice(from, Math.max(from + 1, Math.floor(((x + 1) / columns) * values.length)));
    return { low: Math.min(...part), high: Math.max(...part) };
  });
}

/** `heat` is (1, T) in -1..1, `signal` (C, T) or null; of several channels the first is drawn. */
export function drawSignal(
  canvas: HTMLCanvasElement,
  heat: Tensor,
  signal: Tensor | null,
  { opacity, theme, sign, full }: Pick<ViewState, "opacity" | "theme" | "sign"> & { readonly full: number },
): void {
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext("2d");
  if (!context) return;
  const steps = heat.shape[1] ?? 1;
  for (let x = 0; x < WIDTH; x++) {
    context.globalAlpha = opacity;
    context.fillStyle = css(heatColour(signedAs(sign, heat.at(0, Math.floor((x / WIDTH) * steps)) / full), theme));
    context.fillRect(x, 0, 1, HEIGHT);
  }
  context.globalAlpha = 1;
  const length = signal?.shape[1] ?? 0;
  if (!signal || length === 0) return;
  const values = Array.from({ length }, (_, t) => signal.at(0, t)).map((value) => (Number.isFinite(value) ? value : 0));
  const columns = envelope(values, Math.min(WIDTH, length));
  const [low, high] = [Math.min(...columns.map((c) => c.low)), Math.max(...columns.map((c) => c.high))];
  const y = (value: number): number => HEIGHT - INSET - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * INSET);
  context.strokeStyle = TOKENS.dark.text;
  context.lineWidth = 1.5;
  context.beginPath();
  columns.forEach((column, i) => {
    const x = ((i + 0.5) / columns.length) * WIDTH;
    context.lineTo(x, y(column.high));
    context.lineTo(x, y(column.low));
  });
  context.stroke();
}
