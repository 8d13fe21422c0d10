import { expect, it } from "vitest";
import { hull } from "./wedges";

it("a wedge's outline goes around both of its ends and nothing else", () => {
  const [near, far] = [[[0, 0], [2, 0], [2, 2], [0, 2]], [[9, 4], [10, 4], [10, 5], [9, 5]]] as const;
  const outline = hull([...near, ...far].map(([x, y]) => ({ x, y })));
  expect(new Set(outline.map(({ x, y }) => `${x} ${y}`))).toEqual(new Set(["0 0", "2 0", "10 4", "10 5", "9 5", "0 2"]));
});
