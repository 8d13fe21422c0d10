// OKLab and its polar form (Ottosson 2020): steps of equal size look equally large, so ramps don't lie.

import type { RGB } from "./tokens";

/** Lightness 0..1, chroma, hue in radians. */
export type Oklch = readonly [number, number, number];

function toLinear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function fromLinear(value: number): number {
  const share = value <= 0.0031308 ? value * 12.92 : 1.055 * Math.max(value, 0) ** (1 / 2.4) - 0.055;
  return Math.min(255, Math.max(0, share * 255));
}

export function toOklch([red, green, blue]: RGB): Oklch {
  const [r, g, b] = [toLinear(red), toLinear(green), toLinear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const x = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const y = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, Math.hypot(x, y), Math.atan2(y, x)];
}

export function fromOklch([light, chroma, hue]: Oklch): RGB {
  const [x, y] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (light + 0.3963377774 * x + 0.2158037573 * y) ** 3;
  const m = (light - 0.1055613458 * x - 0.0638541728 * y) ** 3;
  const s = (light - 0.0894841775 * x - 1.291485548 * y) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** Along the shorter way around the hue circle; a grey end takes the other end's hue. */
export function mixOklch(a: Oklch, b: Oklch, share: number): Oklch {
  const from = a[1] < 1e-3 ? b[2] : a[2];
  const to = b[1] < 1e-3 ? a[2] : b[2];
  const turn = ((to - from + 3 * Math.PI) % (2 * Math.PI)) - Math.PI;
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, from + turn * share];
}
