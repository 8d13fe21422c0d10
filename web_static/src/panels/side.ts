// The right side: the inspector, the attribution panel, or both behind two tabs.

import type { Report } from "../bundle/model";
import { chooseTab } from "../state/actions";
import type { Store } from "../state/store";
import { button, el, watch } from "./dom";
import { nameOf } from "./subject";

export function side(report: Report, store: Store, inspector: HTMLElement, heat: HTMLElement): HTMLElement {
  const switches = el("div.switch", { role: "tablist", "aria-label": "Panel" });
  const toHeat = button("", () => chooseTab(store, "heat"), { attributes: { role: "tab" } });
  const toLayer = button("", () => chooseTab(store, "layer"), { attributes: { role: "tab" } });
  switches.append(toHeat, toLayer);
  const element = el("aside.side", { "aria-label": "Details" }, switches, inspector, heat);
  watch(store, (s) => [s.selected, s.mode, s.method, s.panels], ({ selected, mode, method, panels }) => {
    const showsHeat = mode === "attribution";
    element.dataset["open"] = String(panels.right && (selected !== null || showsHeat));
    element.dataset["shows"] = showsHeat && (selected === null || panels.tab === "heat") ? "heat" : "layer";
    switches.hidden = !showsHeat || selected === null;
    toHeat.textContent = report.manifest.methods.find((item) => item.name === method)?.title ?? "Heat map";
    toLayer.textContent = selected === null ? "" : nameOf(report, selected);
    const heatShown = element.dataset["shows"] === "heat";
    toHeat.setAttribute("aria-selected", String(heatShown));
    toLayer.setAttribute("aria-selected", String(!heatShown));
  });
  return element;
}
