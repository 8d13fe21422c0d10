// The bottom: samples, what the colours show, and their legend.

import type { Report } from "../bundle/model";
import { kernelOf } from "../forms/plates";
import { chooseKernels, chooseMethod } from "../state/actions";
import type { Store } from "../state/store";
import { el, stepByArrows, watch } from "./dom";

/** So many methods have a button each; of more, the one that was looked at last has, and the panel lists them all. */
const BUTTONS = 2;

/** No method is called so. */
const KERNELS = "*kernels";

/** Activations, or one of the attribution methods. */
export function modes(report: Report, store: Store): HTMLElement {
  const group = el("div.modes", { role: "radiogroup", "aria-label": "What is shown" });
  const { methods } = report.manifest;
  const all = methods.length <= BUTTONS;
  // The last button's method changes where there are more methods than buttons.
  const kernels = report.manifest.nodes.some((node) => kernelOf(node) !== undefined);
  const choices: (string | null)[] = [null, ...(kernels ? [KERNELS] : []), ...methods.slice(0, all ? BUTTONS : 1).map((method) => method.name)];
  const buttons = choices.map((_, i) => {
    const item = el("button", { type: "button", role: "radio" });
    item.addEventListener("click", () => (choices[i] === KERNELS ? chooseKernels(store) : chooseMethod(store, choices[i] ?? null)));
    return item;
  });
  group.append(...buttons);
  stepByArrows(group, buttons);
  watch(store, (s) => [s.mode, s.method], ({ mode, method }) => {
    if (!all && method !== null) choices[choices.length - 1] = method;
    choices.forEach((name, i) => {
      const chosen = mode === "attribution" ? name === method : name === (mode === "kernels" ? KERNELS : null);
      const item = buttons[i];
      if (!item) return;
      item.textContent = methods.find((one) => one.name === name)?.title ?? (name === KERNELS ? "Kernels" : "Activations");
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
