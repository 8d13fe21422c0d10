// A box as it stands in the scene: its corners, and where a ray meets it.

import type { Point, Pose } from "../layout/types";
import { add, dot, type Ray } from "./camera";

export interface Axes {
  /** To the right along the face, and from the face out towards the person. */
  readonly across: Point;
  readonly out: Point;
}

export function axesOf(turn: number): Axes {
  const angle = (turn * Math.PI) / 180;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return { across: { x: c, y: 0, z: -s }, out: { x: s, y: 0, z: c } };
}

/** A point of a box: u right, v down, d from the front to the back, each 0..1. */
export function pointOn(pose: Pose, u: number, v: number, d = 0): Point {
  const { across, out } = axesOf(pose.turn);
  const base = add({ x: pose.x, y: pose.y + pose.height * (1 - v), z: pose.z }, across, (u - 0.5) * pose.width);
  return add(base, out, (0.5 - d) * pose.depth);
}

/** Bit 1 is right, bit 2 lower, bit 4 back. */
export function corners(pose: Pose): Point[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => pointOn(pose, i & 1, (i >> 1) & 1, (i >> 2) & 1));
}

export type Side = "front" | "other";

export interface Hit {
  readonly distance: number;
  readonly side: Side;
  /** Place on the front, 0..1 right and down; of other sides the place where the front lies nearest. */
  readonly u: number;
  readonly v: number;
}

/** Where a ray first meets a box, if it does. */
export function meet(ray: Ray, pose: Pose): Hit | null {
  const { across, out } = axesOf(pose.turn);
  const away = add(ray.from, { x: pose.x, y: pose.y + pose.height / 2, z: pose.z }, -1);
  const from = [dot(away, across), away.y, dot(away, out)];
  const along = [dot(ray.along, across), ray.along.y, dot(ray.along, out)];
  const half = [pose.width / 2, pose.height / 2, pose.depth / 2];
  let [enter, leave, axis] = [-Infinity, Infinity, -1];
  for (let i = 0; i < 3; i++) {
    const [p, q, r] = [from[i] ?? 0, along[i] ?? 0, half[i] ?? 0];
    if (Math.abs(q) < 1e-12) {
      if (Math.abs(p) > r) return null;
      continue;
    }
    const [a, b] = [(-r - p) / q, (r - p) / q];
    if (Math.min(a, b) > enter) [enter, axis] = [Math.min(a, b), i];
    leave = Math.min(leave, Math.max(a, b));
  }
  if (enter > leave || enter < 0) return null;
  const u = ((from[0] ?? 0) + enter * (along[0] ?? 0)) / pose.width + 0.5;
  const v = 0.5 - ((from[1] ?? 0) + enter * (along[1] ?? 0)) / pose.height;
  return { distance: enter, side: axis === 2 && (along[2] ?? 0) < 0 ? "front" : "other", u, v };
}
