// Polylines with round corners.

import { at } from "./list";
import type { Point } from "./types";

function between(a: Point, b: Point, share: number): Point {
  return { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share, z: a.z + (b.z - a.z) * share };
}

function length(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y, b.z - a.z);
}

const SAMPLES = 5;

/** The same way with each corner rounded, by less where there is too little room. */
export function rounded(points: readonly Point[], radius: number): Point[] {
  if (points.length < 3) return [...points];
  const made: Point[] = [at(points, 0)];
  for (let i = 1; i < points.length - 1; i++) {
    const [before, corner, after] = [at(points, i - 1), at(points, i), at(points, i + 1)];
    const [to, from] = [length(before, corner), length(corner, after)];
    const room = Math.min(radius, to / 2, from / 2);
    if (room < 1e-6) continue;
    const [a, b] = [between(corner, before, room / to), between(corner, after, room / from)];
    for (let step = 0; step <= SAMPLES; step++) {
      // A quarter circle, as a rational quadratic curve.
      const t = step / SAMPLES;
      const weight = Math.SQRT1_2 * 2 * t * (1 - t);
      const [wa, wb] = [(1 - t) ** 2, t ** 2];
      const sum = wa + weight + wb;
      const blend = (axis: keyof Point): number => (a[axis] * wa + corner[axis] * weight + b[axis] * wb) / sum;
      made.push({ x: blend("x"), y: blend("y"), z: blend("z") });
    }
  }
  made.push(at(points, points.length - 1));
  return made;
}
