import { describe, expect, it } from "vitest";
import { cellAt, cellRect } from "../forms/grid";
import { FORMS } from "../forms/index";
import type { Pose } from "../layout/types";
import { fit, Lens, type View } from "./camera";
import { corners, meet, pointOn } from "./solid";

const pose: Pose = { x: 2, y: 0.5, z: 1, width: 3, height: 2, depth: 0.6, turn: -30, fade: 0 };
const view: View = { target: { x: 2, y: 1, z: 0 }, distance: 20, yaw: 12, pitch: 13 };
const lens = new Lens(view, 1200, 800);

describe("picking", () => {
  it("finds the place on the face that was drawn at a pixel", () => {
    for (const [u, v] of [[0.5, 0.5], [0.02, 0.97], [0.9, 0.1]] as const) {
      const spot = lens.project(pointOn(pose, u, v));
      const hit = meet(lens.ray(spot.x, spot.y), pose);
      expect(hit?.side).toBe("front");
      expect(hit?.u).toBeCloseTo(u, 6);
      expect(hit?.v).toBeCloseTo(v, 6);
    }
  });

  it("tells the side from the front and misses what is beside the box", () => {
    const side = lens.project(pointOn(pose, 1, 0.5, 0.5));
    expect(meet(lens.ray(side.x, side.y), pose)?.side).toBe("other");
    const outside = lens.project(pointOn(pose, 1.6, 0.5, 0));
    expect(meet(lens.ray(outside.x, outside.y), pose)).toBeNull();
    expect(meet({ from: lens.eye, along: { x: 0, y: 0, z: 1 } }, pose)).toBeNull();
  });

  it("goes from every cell of a mosaic to its pixel and back", () => {
    const grid = FORMS.planes.grid([6, 5, 5], 1.5, "all");
    for (let map = 0; map < 6; map++) {
      const cell = { map, y: 3, x: 1 };
      const rect = cellRect(grid, cell);
      const spot = lens.project(pointOn(pose, rect.left + rect.width / 2, rect.top + rect.height / 2));
      const hit = meet(lens.ray(spot.x, spot.y), pose);
      expect(hit && cellAt(grid, hit.u, hit.v)).toEqual(cell);
    }
  });
});

describe("fit", () => {
  const frame = { width: 1200, height: 800, left: 30, right: 30, top: 50, bottom: 28 };

  it("fills the frame and cuts nothing, labels in pixels included", () => {
    const poses = [pose, { ...pose, x: 14, z: 3, y: -6 }, { ...pose, x: 7, y: -3, z: 2 }];
    const extents = poses.flatMap((item) => corners(item).map((point) => ({ point, bottom: 40, right: 172 })));
    const seen = new Lens(fit(extents, frame, 0, 13), 1200, 800);
    const spots = extents.map(({ point }) => seen.project(point));
    const [left, right] = [Math.min(...spots.map((spot) => spot.x)), Math.max(...spots.map((spot) => spot.x)) + 172];
    const [top, bottom] = [Math.min(...spots.map((spot) => spot.y)), Math.max(...spots.map((spot) => spot.y)) + 40];
    expect(left).toBeGreaterThan(29.5);
    expect(right).toBeLessThan(1170.5);
    expect(top).toBeGreaterThan(49.5);
    expect(bottom).toBeLessThan(772.5);
    expect(Math.max((right - left) / 1140, (bottom - top) / 722)).toBeGreaterThan(0.98);
  });

  it("gives the same matrix as the projection", () => {
    const point = { x: 1.3, y: -0.7, z: 2.1 };
    const spot = lens.project(point);
    const m = lens.matrix();
    const clip = [0, 1, 2, 3].map((row) => (m[row] ?? 0) * point.x + (m[4 + row] ?? 0) * point.y + (m[8 + row] ?? 0) * point.z + (m[12 + row] ?? 0));
    expect(600 + 600 * ((clip[0] ?? 0) / (clip[3] ?? 1))).toBeCloseTo(spot.x, 6);
    expect(400 - 400 * ((clip[1] ?? 0) / (clip[3] ?? 1))).toBeCloseTo(spot.y, 6);
  });
});
