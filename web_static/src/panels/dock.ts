// The bottom: samples, what the colours show, and their legend.

import type { Report } from "../bundle/model";
import { chooseMethod } from "../state/actions";
import type { Store } from "../state/store";
import { el, stepByArrows, watch } from "./dom";

/** Activations, or one of the attribution methods. */
export function modes(report: Report, store: Store): HTMLElement {
  const group = el("div.modes", { role: "radiogroup", "aria-label": "What is shown" });
  const choices: readonly (readonly [string | null, string])[] = [
    [null, "Activations"],
    ...report.manifest.methods.map((method): readonly [string, string] => [method.name, method.title]),
  ];
  const buttons = choices.map(([name, title]) => {
    const item = el("button", { type: "button", role: "radio" }, title);
    item.addEventListener("click", () => chooseMethod(store, name));
    return item;
  });
  group.append(...buttons);
  stepByArrows(group, buttons);
  watch(store, (s) => [s.mode, s.method], ({ mode, method }) => {
    choices.forEach(([name], i) => {
      const chosen = mode === "activations" ? name === null : name === method;
      buttons[i]?.setAttribute("aria-checked", String(chosen));
      if (buttons[i]) buttons[i].tabIndex = chosen ? 0 : -1;
    });
  });
  return group;
}

export function dock(report: Report, store: Store, strip: HTMLElement, scale: HTMLElement): HTMLElement {
  const hasSamples = report.manifest.samples.length > 0;
  const element = el("footer.dock", { "aria-label": "Samples and colours" });
  if (hasSamples) element.append(strip);
  if (hasSamples && report.manifest.methods.length > 0) element.append(modes(report, store));
  if (hasSamples) element.append(scale);
  else element.append(el("p.note", {}, "Architecture only: export with an input to see what each layer computes."));
  return element;
}
