// The bottom: samples, what the colours show, and their legend.

import { allFeatures } from "../bundle/features";
import type { Report } from "../bundle/model";
import { kernelOf } from "../forms/plates";
import { chooseFeatures, chooseKernels, chooseMethod } from "../state/actions";
import type { Store } from "../state/store";
import { el, stepByArrows, watch } from "./dom";

/** So many methods have a button each; of more, the one that was looked at last has, and the panel lists them all. */
const BUTTONS = 2;

/** No method is called so. */
const KERNELS = "*kernels";
const FEATURES = "*features";

function choose(store: Store, name: string | null): void {
  if (name === KERNELS) chooseKernels(store);
  else if (name === FEATURES) chooseFeatures(store);
  else chooseMethod(store, name);
}

/** Activations, kernels, or one of the attribution methods. */
export function modes(report: Report, store: Store): HTMLElement {
  const group = el("div.modes", { role: "radiogroup", "aria-label": "What is shown" });
  const { methods } = report.manifest;
  const looking = allFeatures(report).length > 0;
  // A row of five buttons is too wide beside an open inspector.
  const room = looking ? BUTTONS - 1 : BUTTONS;
  const all = methods.length <= room;
  // The last button's method changes where there are more methods than buttons.
  const kernels = report.manifest.nodes.some((node) => kernelOf(node) !== undefined);
  const choices: (string | null)[] = [null, ...(kernels ? [KERNELS] : []), ...(looking ? [FEATURES] : []), ...methods.slice(0, all ? room : 1).map((method) => method.name)];
  const buttons = choices.map((_, i) => {
    const item = el("button", { type: "button", role: "radio" });
    item.addEventListener("click", () => choose(store, choices[i] ?? null));
    return item;
  });
  group.append(...buttons);
  stepByArrows(group, buttons);
  watch(store, (s) => [s.mode, s.method], ({ mode, method }) => {
    if (!all && method !== null) choices[choices.length - 1] = method;
    choices.forEach((name, i) => {
      const chosen = mode === "attribution" ? name === method : name === (mode === "kernels" ? KERNELS : mode === "features" ? FEATURES : null);
      const item = buttons[i];
      if (!item) return;
      item.textContent = methods.find((one) => one.name === name)?.title ?? (name === KERNELS ? "Kernels" : name === FEATURES ? "Looks for" : "Activations");
      item.setAttribute("aria-checked", String(chosen));
      item.tabIndex = chosen ? 0 : -1;
    });
  });
  return group;
}

export function dock(report: Report, store: Store, strip: HTMLElement, scale: HTMLElement, play: HTMLElement): HTMLElement {
  const hasSamples = report.manifest.samples.length > 0;
  const element = el("footer.dock", { "aria-label": "Samples and colours" });
  if (hasSamples) element.append(strip);
  if (hasSamples) element.append(modes(report, store));
  if (hasSamples) element.append(play, scale);
  else element.append(el("p.note", {}, "Architecture only: export with an input to see what each layer computes."));
  return element;
}
