// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { manifest as small, summary } from "../bundle/fixtures";
import type { Manifest, Prediction } from "../bundle/manifest.gen";
import { Report } from "../bundle/model";
import { layer } from "../layout/samples";
import { createStore } from "../state/store";
import { histogram } from "./histogram";
import { inspector } from "./inspector";
import { layers } from "./layers";
import { notices } from "./notice";
import { predictionList } from "./prediction";
import { shortNames } from "./samples";
import { sentence } from "./sentence";

const HOSTILE = '<img src=x onerror="window.hurt=1">';

const classes: Prediction = {
  name: "out", node: "out", kind: "classes", activation: "softmax", total: 1000,
  top: [{ index: 1, label: HOSTILE, value: 0.8, score: 4 }, { index: 0, label: "cup", value: 0.0001, score: 1 }],
};

function report(changes: Partial<Manifest> = {}): Report {
  const activations = [{ node: "conv", tensor: null, thumb: null, side: null, top: null, mask: null, summary: summary() }];
  const samples = [{ name: "photo", pictures: [], predictions: [classes], activations }];
  return new Report({ manifest: { ...small(), samples, ...changes }, blob: () => Promise.reject(new Error("no bytes")) });
}

describe("text from a bundle", () => {
  it("never becomes markup", () => {
    const nodes = [layer("image", "input"), { ...layer("conv", "conv"), label: HOSTILE, class_name: HOSTILE, note: HOSTILE }, layer("out", "dense")];
    const data = report({ nodes, title: HOSTILE });
    const store = createStore({ selected: "conv" });
    document.body.replaceChildren(
      layers(data, store).element, inspector(data, store), ...sentence(data, 0), predictionList([classes], () => [], 5),
    );
    expect(document.querySelector("img")).toBeNull();
    expect(document.body.textContent).toContain(HOSTILE);
  });
});

describe("sentence", () => {
  const text = (data: Report): string => sentence(data, 0).map((node) => node.textContent).join("");

  it("says what the page shows", () => {
    expect(text(report())).toBe(`0 parameters · 3 layers · input photo → ${HOSTILE} 80.0 %`);
  });

  it("says so where there is only the architecture", () => {
    const input = { node: "image", name: "image", shape: [8], dtype: "float32", preprocessing: "none", guessed: false };
    expect(text(report({ samples: [], inputs: [input] }))).toBe("0 parameters · 3 layers · input image · architecture only, no activations");
  });

  it("tells several outputs, and maps by name and size", () => {
    const mask: Prediction = { ...classes, name: "mask", kind: "map", top: [] };
    const box: Prediction = { ...classes, name: "box", kind: "values", activation: "none", total: 4, top: [{ index: 0, label: "0", value: 1.5, score: null }] };
    const data = report({ samples: [{ name: "photo", pictures: [], activations: [], predictions: [mask, box, classes, classes] }] });
    expect(text(data)).toContain(`→ mask 10, box 1.500, …, out ${HOSTILE} 80.0 %`);
    expect(text(data)).toMatch(/and 1 more output$/);
  });
});

describe("sample strip", () => {
  it("shortens names to what tells them apart", () => {
    expect(shortNames(["digits 1", "digits 2"])).toEqual(["1", "2"]);
    expect(shortNames(["cat.png", "car.png"])).toEqual(["cat.png", "car.png"]);
    expect(shortNames(["only one"])).toEqual(["only one"]);
    expect(shortNames(["a b", "a b"])).toEqual(["b", "b"]);
  });
});

describe("inspector", () => {
  it("tells size, cost, neighbours and range", () => {
    const element = inspector(report(), createStore({ selected: "conv" }));
    const facts = [...element.querySelectorAll(".facts div")].map((item) => item.textContent);
    expect(facts).toEqual(["Output16×16×8", "Parameters0", "Multiply–addsnot counted", "Zeros25 %"]);
    expect([...element.querySelectorAll(".walk button")].map((item) => item.textContent)).toEqual(["← image", "out →"]);
    expect(element.querySelector(".histogram .ends")?.textContent).toBe("03.000");
    expect(element.textContent).toContain("Its values are not in this file.");
  });

  it("walks along a link", () => {
    const store = createStore({ selected: "conv" });
    const element = inspector(report(), store);
    element.querySelector<HTMLElement>(".walk div:last-child button")?.click();
    expect(store.get().selected).toBe("out");
    expect(element.querySelector("h2")?.textContent).toBe("out");
  });
});

describe("layer list", () => {
  it("filters by what is typed, and opens the first hit on Enter", () => {
    const store = createStore();
    const { element } = layers(report(), store);
    document.body.replaceChildren(element);
    const search = element.querySelector("input");
    if (!search) throw new Error("the list should have a search field");
    search.value = "conv";
    search.dispatchEvent(new Event("input"));
    expect([...element.querySelectorAll(".row .label")].map((item) => item.textContent)).toEqual(["conv"]);
    search.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    expect(store.get().selected).toBe("conv");
    expect(element.querySelector('[aria-selected="true"]')?.textContent).toContain("conv");
  });

  it("moves by keys, one row in the tab order", () => {
    const store = createStore();
    const { element } = layers(report(), store);
    document.body.replaceChildren(element);
    const tree = element.querySelector("[role=tree]");
    const press = (key: string): boolean | undefined => tree?.dispatchEvent(new KeyboardEvent("keydown", { key }));
    press("ArrowDown");
    press("End");
    press("ArrowUp");
    expect(document.activeElement?.textContent).toContain("conv");
    expect(element.querySelectorAll('.row[tabindex="0"]')).toHaveLength(1);
    press("Enter");
    expect(store.get().selected).toBe("conv");
  });
});

it("tells a fault once", () => {
  const tell = notices();
  tell.fault("This file is truncated.");
  tell.fault("This file is truncated.");
  expect(tell.element.querySelectorAll("[role=alert] p")).toHaveLength(1);
});

it("says where there is nothing to draw a histogram of", () => {
  const nothing = summary({ min: null, max: null, mean: null, nan: 4 });
  expect(histogram("Activations", "", nothing, null).textContent).toContain("No finite values.");
  expect(histogram("Activations", "", summary({ nan: 2, inf: 1 }), "conv").textContent).toContain("2 NaN and 1 infinite not counted here.");
});
