// A model in small, as the page of it begins: its layers as turned boxes on a shelf, in the colours of their kinds.

import { svg } from "../panels/dom";

/** Of the picture, alone and beside an input. */
export const WIDE = 208;
export const BESIDE = 128;
const HIGH = 76;
/** Of a box's height. */
const FACE = 0.42;
const DEPTH = 0.1;
const GAP = 0.09;
/** How much a turned face falls, and its side rises, across its width. */
const FALL = 0.16;

interface Box {
  readonly kind: string;
  readonly x: number;
  readonly height: number;
  readonly face: number;
  readonly depth: number;
}

/** Boxes from left to right, pressed together where they are too many. */
export function placed(kinds: readonly string[], heights: readonly number[], wide = WIDE): readonly Box[] {
  const natural = kinds.map((kind, i) => ({ kind, height: ((heights[i] ?? 50) / 100) * HIGH }));
  const whole = natural.reduce((sum, { height }) => sum + Math.max(9, height * FACE) + height * (DEPTH + GAP), 0);
  const pressed = Math.min(1, wide / whole);
  let x = (wide - whole * pressed) / 2;
  return natural.map(({ kind, height }) => {
    const box = { kind, x, height, face: Math.max(9, height * FACE) * pressed, depth: height * DEPTH * pressed };
    x += box.face + box.depth + height * GAP * pressed;
    return box;
  });
}

function part(name: string, points: readonly (readonly [number, number])[]): SVGElement {
  return svg("polygon", { class: name, points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ") });
}

export function boxes(kinds: readonly string[], heights: readonly number[], wide = WIDE): SVGElement {
  const base = HIGH + 8;
  const drawn = placed(kinds, heights, wide).map(({ kind, x, height, face, depth }) => {
    const [fall, rise, right, far] = [face * FALL, depth * FALL * 2, x + face, x + face + depth];
    const top = base - height;
    const box = svg(
      "g",
      {},
      part("top", [[x, top], [x + depth, top - rise], [far, top + fall - rise], [right, top + fall]]),
      part("side", [[right, top + fall], [far, top + fall - rise], [far, base - rise], [right, base]]),
      part("front", [[x, top], [right, top + fall], [right, base], [x, base - fall]]),
    );
    box.style.setProperty("--kind", `var(--kind-${kind})`);
    return box;
  });
  return svg("svg", { class: "boxes", viewBox: `0 0 ${wide} ${base}`, preserveAspectRatio: "xMidYMax", "aria-hidden": "true" }, ...drawn);
}
