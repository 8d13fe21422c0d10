// The attribution panel: which part of the input speaks for a class.

import type { AttributionInfo, HeatMap, MethodInfo, Picture } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { fullColour } from "../colour/heat";
import { chooseMethod } from "../state/actions";
import type { Store, ViewState } from "../state/store";
import { el, watch } from "./dom";
import { percentText, valueText } from "../words/format";
import { drawSignal } from "./heat/signal";
import { stepByStep } from "./heat/steps";
import { channelWeights } from "./heat/weights";
import { drawHeat, prepare } from "./heatpicture";
import { share } from "./prediction";
import { nameOf } from "./subject";

const SIDE = 320;

/** The map to lay over an input: the chosen layer's, else the method's own. */
export function mapOver(found: AttributionInfo, input: string, heatLayer: string | null): HeatMap | undefined {
  const ofLayer = heatLayer === null ? undefined : found.layers.find((map) => map.node === heatLayer);
  return ofLayer ?? found.inputs.find((map) => map.node === input);
}

function picker(label: string, options: readonly (readonly [string, string])[], value: string, pick: (value: string) => void): HTMLElement {
  const select = el("select", {});
  for (const [key, text] of options) select.append(el("option", { value: key, selected: key === value }, text));
  select.addEventListener("change", () => pick(select.value));
  return el("label.field", {}, el("span", {}, label), select);
}

function blankNote(who: string, { target_label }: AttributionInfo): HTMLElement {
  return el("p.note.blank", {}, `${who} here speaks for “${target_label}”: the map is zero everywhere.`);
}

function targetText(report: Report, item: AttributionInfo): string {
  const prediction = report.sample(item.sample)?.predictions.find((one) => one.node === item.output || one.name === item.output);
  const score = prediction?.top.find((one) => one.index === item.target);
  const part = prediction && score ? share(prediction, score) : null;
  return part === null ? item.target_label : `${item.target_label} · ${percentText(part)}`;
}

export function heatPanel(report: Report, store: Store): HTMLElement {
  const element = el("section.heat", { "aria-label": "Heat map", tabindex: -1 });
  const { methods, attributions } = report.manifest;
  const walked = { step: 0 };
  let redraw: () => void = () => undefined;
  let turn = 0;
  // The method whose map stands beside, to compare; a passing look, so no link carries it.
  let beside: string | null = null;
  const methodOf = (item: AttributionInfo): MethodInfo | undefined => methods.find((method) => method.name === item.method);
  const titled = (item: AttributionInfo): string => methodOf(item)?.title ?? item.method;

  const pictures = (state: ViewState, found: AttributionInfo, other: AttributionInfo | undefined): HTMLElement => {
    const pair = el("div.pair");
    const jobs: (() => void)[] = [];
    const over = (picture: Picture, item: AttributionInfo, name: string): HTMLElement => {
      const warm = el("canvas", { role: "img", "aria-label": other ? `${titled(item)} over ${name}` : `heat map over ${name}` });
      const place = el("figure", {}, warm, el("figcaption", {}, other ? titled(item) : `heat map over ${name}`));
      const map = mapOver(item, picture.node, item === found ? state.heatLayer : null);
      Promise.all([report.tensor(picture.tensor), map ? report.tensor(map.tensor) : null]).then(
        ([base, heat]) => {
          const prepared = prepare(base, heat, SIDE, { sign: state.sign, full: map && heat ? fullColour(map, heat, methodOf(item)) : 1 });
          const job = (): void => drawHeat(warm, prepared, store.get().opacity, state.theme);
          jobs.push(job);
          job();
        },
        () => place.append(el("p.note", {}, "This heat map could not be read from the file.")),
      );
      return place;
    };
    for (const picture of report.sample(state.sample)?.pictures ?? []) {
      const name = report.manifest.inputs.length > 1 ? nameOf(report, picture.node) : "input";
      const plain = el("canvas", { role: "img", "aria-label": name });
      if (other) {
        pair.append(over(picture, found, name), over(picture, other, name));
        continue;
      }
      pair.append(el("figure", {}, plain, el("figcaption", {}, name)), over(picture, found, name));
      void report.tensor(picture.tensor).then((base) => drawHeat(plain, { ...prepare(base, null, SIDE), heat: null }, 1, state.theme));
    }
    for (const map of found.inputs) {
      if (map.tensor.shape.length !== 2) continue;
      const canvas = el("canvas.signal", { role: "img", "aria-label": `heat map over ${nameOf(report, map.node)}` });
      const place = el("figure.long", {}, canvas, el("figcaption", {}, `${nameOf(report, map.node)}, coloured by relevance`));
      pair.append(place);
      const ref = report.activation(state.sample, map.node)?.tensor;
      Promise.all([report.tensor(map.tensor), ref ? report.tensor(ref) : null]).then(
        ([heat, signal]) => {
          const job = (): void => drawSignal(canvas, heat, signal, { opacity: store.get().opacity, theme: state.theme, sign: state.sign, full: fullColour(map, heat, methodOf(found)) });
          jobs.push(job);
          job();
        },
        () => place.append(el("p.note", {}, "This heat map could not be read from the file.")),
      );
    }
    redraw = () => jobs.forEach((job) => job());
    return pair;
  };

  const controls = (state: ViewState, found: AttributionInfo): HTMLElement => {
    const mine = attributions.filter((item) => item.sample === state.sample && item.method === found.method);
    const box = el("div.fields");
    if (methods.length > 1) {
      box.append(picker("Method", methods.map((method) => [method.name, method.title]), found.method, (name) => chooseMethod(store, name)));
      const others = methods.filter((method) => method.name !== found.method).map((method): readonly [string, string] => [method.name, method.title]);
      box.append(
        picker("Beside", [["", "the input"], ...others], beside ?? "", (name) => {
          beside = name === "" ? null : name;
          show(store.get());
        }),
      );
    }
    box.append(
      picker("Class", mine.map((item) => [String(item.target), targetText(report, item)]), String(found.target), (value) => store.set({ target: Number(value) })),
    );
    if (found.layers.length > 0) {
      const options = found.layers.map((map): readonly [string, string] => [map.node, nameOf(report, map.node)]);
      const own: readonly (readonly [string, string])[] = found.layer === null ? [["", "the input itself"]] : [];
      const value = state.heatLayer ?? found.layer ?? "";
      box.append(picker("Layer", [...own, ...options], value, (layer) => store.set({ heatLayer: layer === "" || layer === found.layer ? null : layer })));
    }
    if (found.inputs.some((map) => map.signed)) {
      const signs = [["signed", "for and against"], ["absolute", "how much, without sign"]] as const;
      box.append(picker("Values", signs, state.sign, (sign) => store.set({ sign: sign === "absolute" ? "absolute" : "signed" })));
    }
    const slider = el("input", { type: "range", min: 0, max: 100, value: Math.round(state.opacity * 100), "aria-label": "Opacity of the heat map" });
    slider.addEventListener("input", () => store.set({ opacity: Number(slider.value) / 100 }));
    box.append(el("label.field", {}, el("span", {}, "Opacity"), slider));
    return box;
  };

  /** The steps of a Grad-CAM; of others the weights of their channels, where they have any. */
  const made = async (state: ViewState, found: AttributionInfo): Promise<readonly (HTMLElement | null)[]> => {
    const steps = await stepByStep(report, state, found, walked);
    return steps ? [steps] : Promise.all(found.weights.map((weight) => channelWeights(report, state, weight)));
  };

  const show = (state: ViewState): void => {
    const mine = ++turn;
    redraw = () => undefined;
    element.replaceChildren();
    // Not drawn before somebody looks.
    if (state.mode !== "attribution" && methods.length > 0) return;
    const method = methods.find((item) => item.name === state.method) ?? methods[0];
    if (!method) {
      element.append(el("h2", {}, "Heat map"), el("p.note", {}, "No attribution method was run for this file."));
      return;
    }
    element.append(el("header", {}, el("h2", {}, method.title), el("p.about", {}, method.question)));
    const found = report.heat({ method: method.name, sample: state.sample, target: state.target });
    if (!found) {
      element.append(el("p.note", {}, "This method has nothing for this sample."));
      return;
    }
    const maps = found.inputs.map((map) => mapOver(found, map.node, state.heatLayer));
    if (beside === method.name) beside = null;
    const other = beside === null ? undefined : report.heat({ method: beside, sample: state.sample, target: found.target });
    element.append(pictures(state, found, other));
    if (maps.some((map) => map?.blank)) element.append(blankNote(other ? `${titled(found)}: nothing` : "Nothing", found));
    if (other?.inputs.some((map) => map.blank)) element.append(blankNote(`${titled(other)}: nothing`, other));
    if (beside !== null && !other) element.append(el("p.note.blank", {}, `${methods.find((item) => item.name === beside)?.title ?? beside} has nothing for this sample.`));
    const small = maps.find((map) => map?.tensor.shape.length === 3 && Math.max(...map.tensor.shape.slice(-2)) <= 7);
    if (small) {
      element.append(el("p.note", {}, `The map has only ${small.tensor.shape.slice(-2).join("×")} cells; the smooth edges come from resizing.`));
    }
    element.append(controls(state, found));
    const score = found.score === null ? "" : ` ${valueText(found.score)}`;
    element.append(el("p.note", {}, `Explains the score${score} of “${found.target_label}”: ${found.score_note}.`));
    const strong = maps.find((map) => map && !map.blank);
    if (strong && !method.range.startsWith("0 to 1")) {
      const line = el("p.note");
      element.append(line);
      report.tensor(strong.tensor).then((tensor) => {
        const share = fullColour(strong, tensor, method);
        const beyond = share < 1 ? ", which 1 % of the values exceed" : "";
        line.textContent = `Full colour stands for ${valueText(share * strong.peak)}${beyond}; the largest is ${valueText(strong.peak)} (${method.range}).`;
      }, () => line.remove());
    }
    const place = el("div");
    element.append(place, el("p.note.paper", {}, method.paper));
    void made(state, found).then((boxes) => {
      if (mine === turn) place.append(...boxes.filter((box) => box !== null));
    });
  };
  watch(store, (s) => [s.mode, s.sample, s.method, s.target, s.heatLayer, s.sign, s.theme], show);
  watch(store, (s) => [s.opacity], () => redraw());
  return element;
}
