import { expect, it } from "vitest";
import { axisNames } from "./axes";

it("names what runs across and down where a shape does not tell it", () => {
  expect(axisNames({ form: "matrix", axes: ["head", "query", "key"] }, {})).toEqual({ across: "key", down: "query" });
  expect(axisNames({ form: "sequence", axes: ["time", "channel"] }, {})).toEqual({ across: "channel", down: "time" });
  expect(axisNames({ form: "sequence", axes: ["time", "channel"] }, { curves: true })).toEqual({ across: "time", down: "" });
  expect(axisNames({ form: "planes", axes: ["y", "x", "channel"] }, {})).toBeNull();
});
