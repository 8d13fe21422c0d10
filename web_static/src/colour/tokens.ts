// The colours that everything on the page is made of. The style sheet's custom properties come from here too.

import type { Kind } from "../bundle/manifest.gen";

export type Theme = "dark" | "light";
/** sRGB, each 0..255. */
export type RGB = readonly [number, number, number];

export interface Tokens {
  readonly scene: string;
  readonly glow: string;
  readonly panel: string;
  readonly raised: string;
  readonly line: string;
  readonly floor: string;
  readonly gap: string;
  readonly text: string;
  readonly text2: string;
  readonly text3: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly link: string;
  readonly edge: string;
  readonly select: string;
  readonly rf: string;
  readonly ok: string;
  readonly warn: string;
  readonly bad: string;
}

export const TOKENS: Readonly<Record<Theme, Tokens>> = {
  dark: {
    scene: "#0c0f15",
    glow: "#151b27",
    panel: "#131821",
    raised: "#1a212d",
    line: "#262f3d",
    floor: "#1b222e",
    gap: "#07090d",
    text: "#e9edf4",
    text2: "#aab4c4",
    text3: "#8390a3",
    accent: "#82b1ff",
    onAccent: "#0c0f15",
    link: "#5d6b80",
    edge: "#9aa7ba",
    select: "#ffffff",
    rf: "#ffd166",
    ok: "#5fd39a",
    warn: "#f5c14b",
    bad: "#ff7a6b",
  },
  light: {
    scene: "#f6f7f9",
    glow: "#ffffff",
    panel: "#ffffff",
    raised: "#f0f2f6",
    line: "#dfe4eb",
    floor: "#e4e8ee",
    gap: "#dfe4eb",
    text: "#131822",
    text2: "#465062",
    text3: "#616c7e",
    accent: "#1f5fd0",
    onAccent: "#ffffff",
    link: "#7a879b",
    edge: "#5a667a",
    select: "#0b0e14",
    rf: "#c2410c",
    ok: "#1b7f4f",
    warn: "#946200",
    bad: "#c0392b",
  },
};

/** Near-equal lightness; never the only sign, always beside a name. */
export const KINDS: Readonly<Record<Theme, Readonly<Record<Kind, string>>>> = {
  dark: {
    conv: "#67a1eb",
    depthwise: "#9794e3",
    pool: "#e8796c",
    norm: "#a595c4",
    activation: "#e1ae51",
    dense: "#61bf7e",
    merge: "#ee8dbd",
    attention: "#cc7bd1",
    recurrent: "#4cc3c2",
    embedding: "#b5b761",
    reshape: "#8b939f",
    other: "#8b939f",
    input: "#cdd1d8",
    block: "#8292b5",
  },
  light: {
    conv: "#306cb6",
    depthwise: "#6660ae",
    pool: "#b14238",
    norm: "#726290",
    activation: "#ac7800",
    dense: "#1d8a4a",
    merge: "#b75789",
    attention: "#97459d",
    recurrent: "#008e8e",
    embedding: "#828322",
    reshape: "#5a616d",
    other: "#5a616d",
    input: "#777a80",
    block: "#506082",
  },
};

/** "#rrggbb" as numbers. */
export function rgb(hex: string): RGB {
  const number = Number.parseInt(hex.slice(1), 16);
  return [(number >> 16) & 255, (number >> 8) & 255, number & 255];
}

/** a at share 0, b at share 1, mixed in sRGB. */
export function mix(a: RGB, b: RGB, share: number): RGB {
  const blend = (x: number, y: number): number => x + (y - x) * share;
  return [blend(a[0], b[0]), blend(a[1], b[1]), blend(a[2], b[2])];
}

export function css([r, g, b]: RGB): string {
  return `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;
}
