import { expect, it } from "vitest";
import { viewGraph } from "./fold";
import { get } from "./list";
import { chain, manifest, layer } from "./samples";
import { timetable, working } from "./timetable";

const NONE: ReadonlySet<string> = new Set();

it("starts each box when all that it needs is done, and branches side by side", () => {
  const ids = ["in", "a", "b1", "b2", "c", "join", "out"];
  const nodes = ids.map((id) => layer(id, id === "in" ? "input" : id === "join" ? "merge" : "conv"));
  const view = viewGraph(manifest(nodes, [["in", "a"], ["a", "b1"], ["b1", "b2"], ["a", "c"], ["b2", "join"], ["c", "join"], ["join", "out"]]), NONE);
  const { start, length } = timetable(view);
  for (const { source, target } of view.links) expect(get(start, target)).toBeGreaterThanOrEqual(get(start, source) + 1);
  expect(get(start, "c")).toBe(get(start, "b1"));
  expect(working({ start, length }, 2.5).sort()).toEqual(["b1", "c"]);
  expect(length).toBe(6);
});

it("counts a folded block as one box", () => {
  const names = [1, 2, 3].flatMap((block) => ["conv", "pool"].map((kind) => `block${block}_${kind}:${kind}`));
  const many = Array.from({ length: 60 }, (_, i) => `tail${"abcdefghij".charAt(i % 10)}${"x".repeat(Math.floor(i / 10))}:conv`);
  const model = chain(["in:input", ...names, ...many]);
  const folded = timetable(viewGraph(model, NONE));
  expect(folded.start.get("block:block1")).toBe(1);
  expect(folded.start.get("block:block3")).toBe(3);
  const unfolded = timetable(viewGraph(model, new Set(["block:block1"])));
  expect(unfolded.start.get("block1_pool")).toBe(2);
  expect(unfolded.length).toBe(folded.length + 1);
});

it("is empty for an empty picture", () => {
  expect(timetable({ nodes: [], links: [] })).toEqual({ length: 0, start: new Map() });
});
