import { describe, expect, it } from "vitest";
import { bestCorner, indexText } from "./tooltip";

const room = { width: 1000, height: 600 };
const size = { width: 200, height: 80 };
const layer = { left: 400, right: 500, top: 300, bottom: 400 };

describe("where the tooltip stands", () => {
  it("is above the layer where there is room", () => {
    expect(bestCorner(size, layer, [], room)).toEqual({ x: 350, y: 210 });
  });

  it("goes out of the way of labels", () => {
    const label = { left: 330, right: 620, top: 260, bottom: 290 };
    const { x, y } = bestCorner(size, layer, [label], room);
    expect({ x, y }).toEqual({ x: 510, y: 300 });
  });

  it("stays in the window and off the layer where that is at the top", () => {
    const high = { left: 850, right: 990, top: 10, bottom: 200 };
    expect(bestCorner(size, high, [], room)).toEqual({ x: 640, y: 10 });
  });
});

it("names an index by the axes of the model", () => {
  expect(indexText(["y", "x", "channel"], 2, [3, 6, 1])).toBe("channel 3 · y 6 · x 1");
  expect(indexText(["unit"], 0, [7])).toBe("unit 7");
  expect(indexText(["time", "feature"], 1, [4, 9])).toBe("feature 4 · time 9");
});
