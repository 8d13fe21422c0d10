import { describe, expect, it, vi } from "vitest";
import { Lens, type View } from "./camera";
import { shifted, turned, zoomed } from "./controller";
import { Motion } from "./motion";

const view: View = { target: { x: 3, y: -2, z: 0 }, distance: 25, yaw: 10, pitch: 13 };
const lens = new Lens(view, 1000, 700);

describe("moving the camera by hand", () => {
  it("zooms towards the pointer: what is under it stays there", () => {
    const { from, along } = lens.ray(800, 150);
    // A point in the plane that the camera's target lies in, at right angles to where it looks.
    const depth = view.distance;
    const point = { x: from.x + along.x * depth, y: from.y + along.y * depth, z: from.z + along.z * depth };
    const near = new Lens(zoomed(view, lens, 1.7, 800, 150), 1000, 700);
    expect(near.project(point).x).toBeCloseTo(800, 6);
    expect(near.project(point).y).toBeCloseTo(150, 6);
    expect(near.view.distance).toBeCloseTo(25 / 1.7);
  });

  it("shifts by just the pixels that the pointer moved", () => {
    const before = lens.project(view.target);
    const after = new Lens(shifted(view, lens, 40, -25), 1000, 700).project(view.target);
    expect(after.x - before.x).toBeCloseTo(40, 6);
    expect(after.y - before.y).toBeCloseTo(-25, 6);
  });

  it("turns around the target and never below the floor nor behind the scene", () => {
    let now = view;
    for (let i = 0; i < 100; i++) now = turned(now, -50, -50);
    expect(now.yaw).toBeLessThanOrEqual(75);
    expect(now.pitch).toBeGreaterThanOrEqual(-10);
    expect(now.target).toEqual(view.target);
  });
});

describe("movement", () => {
  const blend = (a: number, b: number, share: number): number => a + (b - a) * share;

  it("goes to its goal, and from where it is to another one", () => {
    vi.stubGlobal("window", { matchMedia: () => ({ matches: false }) });
    const motion = new Motion(0, blend);
    motion.to(10);
    const start = performance.now();
    expect(motion.step(start + 260)).toBe(true);
    expect(motion.value).toBeGreaterThan(3);
    expect(motion.value).toBeLessThan(7);
    const midway = motion.value;
    motion.to(-10);
    expect(motion.value).toBe(midway);
    motion.step(performance.now() + 2000);
    expect(motion.value).toBe(-10);
    expect(motion.step(performance.now() + 3000)).toBe(false);
  });

  it("is there at once for who wants no movement", () => {
    vi.stubGlobal("window", { matchMedia: () => ({ matches: true }) });
    const motion = new Motion(0, blend);
    motion.to(10);
    expect(motion.value).toBe(10);
    expect(motion.moving).toBe(false);
  });
});
