// Small arrows at the scene's edges that hide the panel beside them and bring it back.

import type { Store, ViewState } from "../state/store";
import { button, el, watch } from "./dom";

type Side = "left" | "right" | "dock";

const SIDES: Readonly<Record<Side, { readonly name: string; readonly open: string; readonly closed: string }>> = {
  left: { name: "the layer list", open: "‹", closed: "›" },
  right: { name: "the details", open: "›", closed: "‹" },
  dock: { name: "samples and colours", open: "⌄", closed: "⌃" },
};

/** Whether there is a panel at this side at all. */
function has(side: Side, { selected, mode }: ViewState): boolean {
  return side !== "right" || selected !== null || mode === "attribution";
}

export function folds(root: HTMLElement, store: Store): HTMLElement {
  const buttons = (Object.keys(SIDES) as Side[]).map((side) => {
    const item = button("", () => {
      const { panels } = store.get();
      store.set({ panels: { ...panels, [side]: !panels[side] } });
    }, { className: `icon fold fold-${side}` });
    watch(store, (s) => [s.panels[side], has(side, s)], (state) => {
      const open = state.panels[side];
      root.dataset[side] = open ? "open" : "closed";
      item.hidden = !has(side, state);
      item.textContent = SIDES[side][open ? "open" : "closed"];
      const label = `${open ? "Hide" : "Show"} ${SIDES[side].name}`;
      item.title = label;
      item.setAttribute("aria-label", label);
      item.setAttribute("aria-expanded", String(open));
    });
    return item;
  });
  return el("div.folds", {}, ...buttons);
}
