import { describe, expect, it } from "vitest";
import { placed } from "./boxes";

describe("a model in small", () => {
  it("stands within its picture, in order, however many layers it has", () => {
    for (const count of [1, 9, 48]) {
      const found = placed(Array.from({ length: count }, () => "conv"), Array.from({ length: count }, () => 100));
      expect(found).toHaveLength(count);
      expect(found[0]?.x).toBeGreaterThanOrEqual(0);
      const last = found.at(-1);
      expect((last?.x ?? NaN) + (last?.face ?? NaN) + (last?.depth ?? NaN)).toBeLessThanOrEqual(208);
      found.slice(1).forEach((box, i) => expect(box.x).toBeGreaterThan((found[i]?.x ?? 0) + (found[i]?.face ?? 0)));
    }
  });

  it("has boxes as high as the scene's are", () => {
    const [first, second] = placed(["conv", "pool"], [100, 50]);
    expect(second?.height).toBe((first?.height ?? 0) / 2);
  });
});
