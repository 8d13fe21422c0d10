// A slider through the depth of an opened volume: all of its slices, or one of each channel.

import type { Store } from "../../state/store";
import { button, el, watch } from "../dom";

/** Made once; gives the control for a volume of so many slices. */
export function depth(store: Store): (slices: number) => HTMLElement {
  let count = 1;
  const all = button("all", () => store.set({ slice: null }), { label: "Show all slices" });
  const slider = el("input", { type: "range", min: 0, step: 1, "aria-label": "Slice" });
  const told = el("span.aside");
  slider.addEventListener("input", () => store.set({ slice: Number(slider.value) }));
  const element = el("section.depth", {}, el("h3", {}, "Depth", told), el("div", {}, all, slider));
  const show = (): void => {
    const { slice } = store.get();
    const shown = slice === null ? null : Math.min(slice, count - 1);
    slider.max = String(count - 1);
    slider.value = String(shown ?? 0);
    all.setAttribute("aria-pressed", String(shown === null));
    told.textContent = shown === null ? `all ${count} slices` : `slice ${shown}, of 0 to ${count - 1}`;
    slider.setAttribute("aria-valuetext", told.textContent);
  };
  watch(store, (state) => [state.slice], show);
  return (slices) => {
    count = slices;
    show();
    return element;
  };
}
