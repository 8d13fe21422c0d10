// What the shader must know about each box, as rows of a texture.

import type { Clamp } from "../bundle/tensor";
import type { Grid } from "../forms/form";
import { MODE, PARAM_TEXELS } from "./faceshader";

export interface MapPlace {
  readonly offset: number;
  readonly height: number;
  readonly width: number;
  /** What a code is multiplied by to come to 0..1; for pictures the channel count. */
  readonly unit: number;
}

export interface Deck {
  readonly sheets: number;
  /** Offsets of the brightness of side and top; negative where there is none. */
  readonly side: number;
  readonly top: number;
  readonly height: number;
  readonly width: number;
  readonly contrast: number;
}

/** What one box shows. */
export interface Paint {
  readonly mode: (typeof MODE)[keyof typeof MODE];
  readonly grid: Grid | null;
  readonly codes: number;
  readonly quants: number;
  /** The value at the end of the colour scale; 0 where each channel has its own. */
  readonly end: number;
  readonly clamp: Clamp | null;
  /** Whether its values have both signs: where the middle of a curve lies. */
  readonly signed: boolean;
  readonly map: MapPlace | null;
  readonly heat: MapPlace | null;
  readonly opacity: number;
  /** What a face without data is filled with: share of the kind's colour. */
  readonly tint: number;
  readonly deck: Deck;
  /** The kind's colour, 0..1. */
  readonly kind: readonly [number, number, number];
  /** Whether each sheet has a colour of its own. */
  readonly mixed: boolean;
  /** When it begins in the forward pass. */
  readonly start: number;
  /** Which steps of a sequence count: bytes 1 and 0. */
  readonly mask: { readonly offset: number; readonly length: number } | null;
}

/** No bound, as a number that a texture holds. */
const UNBOUNDED = 3.4e38;

export const NO_DECK: Deck = { sheets: 1, side: -1, top: -1, height: 0, width: 0, contrast: 1 };

export function writeParams(target: Float32Array, row: number, paint: Paint): void {
  const { grid, map, heat, deck, kind, clamp } = paint;
  const numbers = [
    paint.codes + (grid?.start ?? 0), paint.quants, paint.mode, paint.end,
    grid?.columns ?? 1, grid?.rows ?? 1, grid?.maps ?? 1, grid?.gap ?? 0,
    grid?.height ?? 1, grid?.width ?? 1, grid?.step.map ?? 0, grid?.step.y ?? 0,
    grid?.step.x ?? 0, grid?.quant.map ?? 0, grid?.quant.y ?? 0, grid?.quant.x ?? 0,
    grid?.quant.divide ?? 1, paint.tint, 0, paint.opacity,
    map?.offset ?? 0, map?.height ?? 0, map?.width ?? 0, map?.unit ?? 1,
    heat?.offset ?? 0, heat?.height ?? 0, heat?.width ?? 0, heat?.unit ?? 1,
    deck.sheets, deck.side, deck.top, deck.contrast,
    deck.height, deck.width, Math.max(clamp?.low ?? -UNBOUNDED, -UNBOUNDED), Math.min(clamp?.high ?? UNBOUNDED, UNBOUNDED),
    ...kind, paint.mixed ? 1 : 0,
    paint.start, paint.mask?.offset ?? -1, paint.mask?.length ?? 0, paint.signed ? 1 : 0,
  ];
  target.set(numbers, row * PARAM_TEXELS * 4);
}

/** Fades change while things move; nothing else does. */
export function writeFade(target: Float32Array, row: number, fade: number): void {
  target[row * PARAM_TEXELS * 4 + 18] = fade;
}
