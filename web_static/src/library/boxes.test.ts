import { describe, expect, it } from "vitest";
import { placed } from "./boxes";

describe("a model in small", () => {
  it("stands within its picture, in order, however many layers it has", () => {
    for (const [count, wide] of [[1, 208], [9, 128], [48, 128], [48, 208]] as const) {
      const found = placed(Array.from({ length: count }, () => "conv"), Array.from({ length: count }, () => 100), wide);
      expect(found).toHaveLength(count);
      expect(found[0]?.x).toBeGreaterThanOrEqual(0);
      const last = found.at(-1);
      expect((last?.x ?? NaN) + (last?.face ?? NaN) + (last?.depth ?? NaN)).toBeLessThanOrEqual(wide);
      found.slice(1).forEach((box, i) => expect(box.x).toBeGreaterThan((found[i]?.x ?? 0) + (found[i]?.face ?? 0)));
    }
  });

  it("has boxes as high as the scene's are", () => {
    const [first, second] = placed(["conv", "pool"], [100, 50]);
    expect(second?.height).toBe((first?.height ?? 0) / 2);
  });
});
