// The camera: it turns around a point that it looks at. Plain arithmetic, so that picking and labels need no GPU.

import { FIELD_OF_VIEW } from "../layout/measures";
import type { Point } from "../layout/types";
import type { Eye } from "../state/store";

export interface View {
  /** The point in the middle of the picture. */
  readonly target: Point;
  readonly distance: number;
  /** Degrees to the right and up from the front. */
  readonly yaw: number;
  readonly pitch: number;
}

/** A place in the picture in CSS pixels from its upper left corner; depth grows away from the eye. */
export interface Spot {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

export interface Ray {
  readonly from: Point;
  readonly along: Point;
}

const NEAR = 0.1;
const HALF = Math.tan((FIELD_OF_VIEW * Math.PI) / 360);
const RADIANS = Math.PI / 180;

export function add(a: Point, b: Point, times = 1): Point {
  return { x: a.x + b.x * times, y: a.y + b.y * times, z: a.z + b.z * times };
}

export function dot(a: Point, b: Point): number {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

/** A view through a window of a size. */
export class Lens {
  readonly eye: Point;
  readonly right: Point;
  readonly up: Point;
  readonly forward: Point;
  /** CSS pixels for a unit at distance 1. */
  readonly focal: number;

  constructor(readonly view: View, readonly width: number, readonly height: number) {
    const [yaw, pitch] = [view.yaw * RADIANS, view.pitch * RADIANS];
    const back = { x: Math.sin(yaw) * Math.cos(pitch), y: Math.sin(pitch), z: Math.cos(yaw) * Math.cos(pitch) };
    this.eye = add(view.target, back, view.distance);
    this.forward = { x: -back.x, y: -back.y, z: -back.z };
    this.right = { x: Math.cos(yaw), y: 0, z: -Math.sin(yaw) };
    this.up = { x: -Math.sin(yaw) * Math.sin(pitch), y: Math.cos(pitch), z: -Math.cos(yaw) * Math.sin(pitch) };
    this.focal = height / 2 / HALF;
  }

  project(point: Point): Spot {
    const away = add(point, this.eye, -1);
    const depth = Math.max(NEAR, dot(away, this.forward));
    const scale = this.focal / depth;
    return { x: this.width / 2 + dot(away, this.right) * scale, y: this.height / 2 - dot(away, this.up) * scale, depth };
  }

  /** CSS pixels that a unit has at a point. */
  scaleAt(point: Point): number {
    return this.focal / Math.max(NEAR, dot(add(point, this.eye, -1), this.forward));
  }

  ray(x: number, y: number): Ray {
    const [u, v] = [(x - this.width / 2) / this.focal, (this.height / 2 - y) / this.focal];
    return { from: this.eye, along: add(add(this.forward, this.right, u), this.up, v) };
  }

  /** Column-major matrix from the scene to clip space. */
  matrix(): number[] {
    const [near, far] = [Math.max(NEAR, this.view.distance * 0.02), this.view.distance * 4 + 200];
    const [sx, sy] = [this.focal / (this.width / 2), this.focal / (this.height / 2)];
    const [a, b] = [(far + near) / (far - near), (-2 * far * near) / (far - near)];
    const { right: r, up: u, forward: f, eye: e } = this;
    const row = (v: Point, s: number, add4 = 0): number[] => [v.x * s, v.y * s, v.z * s, -dot(v, e) * s + add4];
    const rows = [row(r, sx), row(u, sy), row(f, a, b), row(f, 1)];
    return [0, 1, 2, 3].flatMap((column) => rows.map((line) => line[column] ?? 0));
  }
}

/** Something that must be in view: a point, and CSS pixels around it that belong to it. */
export interface Extent {
  readonly point: Point;
  readonly left?: number;
  readonly right?: number;
  readonly top?: number;
  readonly bottom?: number;
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** The view from a direction that fills the frame with all of these, without cutting any. */
export function fit(extents: readonly Extent[], frame: Frame, yaw: number, pitch: number): View {
  let view: View = { target: { x: 0, y: 0, z: 0 }, distance: 30, yaw, pitch };
  if (extents.length === 0) return view;
  const [w, h] = [Math.max(40, frame.width - frame.left - frame.right), Math.max(40, frame.height - frame.top - frame.bottom)];
  const [middleX, middleY] = [frame.left + w / 2, frame.top + h / 2];
  for (let i = 0; i < 14; i++) {
    const lens = new Lens(view, frame.width, frame.height);
    // Pixels around points don't scale; bounds without them and the pixels themselves are kept apart.
    let [x0, x1, y0, y1, nearest] = [Infinity, -Infinity, Infinity, -Infinity, Infinity];
    let [l, r, t, b] = [0, 0, 0, 0];
    for (const { point, left = 0, right = 0, top = 0, bottom = 0 } of extents) {
      const spot = lens.project(point);
      nearest = Math.min(nearest, spot.depth);
      if (spot.x - left < x0) [x0, l] = [spot.x - left, left];
      if (spot.x + right > x1) [x1, r] = [spot.x + right, right];
      if (spot.y - top < y0) [y0, t] = [spot.y - top, top];
      if (spot.y + bottom > y1) [y1, b] = [spot.y + bottom, bottom];
    }
    const grow = Math.max((x1 - x0 - l - r) / Math.max(20, w - l - r), (y1 - y0 - t - b) / Math.max(20, h - t - b), 1e-3);
    const scale = lens.scaleAt(view.target);
    let target = add(view.target, lens.right, ((x0 + x1) / 2 - middleX) / scale);
    target = add(target, lens.up, (middleY - (y0 + y1) / 2) / scale);
    view = { ...view, target, distance: Math.max(view.distance * grow, view.distance - nearest + 1) };
  }
  return view;
}

export function between(a: View, b: View, share: number): View {
  const blend = (x: number, y: number): number => x + (y - x) * share;
  const target = add(a.target, add(b.target, a.target, -1), share);
  // Distances shrink by factors, so that flying in looks even.
  const distance = a.distance * (b.distance / a.distance) ** share;
  return { target, distance, yaw: blend(a.yaw, b.yaw), pitch: blend(a.pitch, b.pitch) };
}

/** A view as it lies to the one that shows all; in windows of other sizes it shows about the same. */
export function eyeOf(view: View, home: View): Eye {
  const away = add(view.target, home.target, -1);
  return { yaw: view.yaw - home.yaw, pitch: view.pitch - home.pitch, zoom: home.distance / view.distance, ...away };
}

export function viewOf(eye: Eye, home: View): View {
  return { target: add(home.target, eye), distance: home.distance / eye.zoom, yaw: home.yaw + eye.yaw, pitch: home.pitch + eye.pitch };
}
