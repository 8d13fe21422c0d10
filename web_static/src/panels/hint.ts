// What to do first, until it has been done.

import type { Store } from "../state/store";
import { el, watch } from "./dom";

export function hint(store: Store): HTMLElement {
  // A window of a phone's width is one, whatever a pointer that happens to be there can do.
  const touch = window.matchMedia("(hover: none), (max-width: 720px)").matches;
  const key = (text: string): HTMLElement => el("kbd", {}, text);
  const words = touch
    ? [el("b", {}, "Tap"), " a layer to open it · ", el("b", {}, "drag"), " to turn the scene"]
    : [el("b", {}, "Hover"), " a layer to read it · ", el("b", {}, "click"), " to open it", el("span.more", {}, " · ", key("space"), " plays the forward pass")];
  const pill = el("p.hint", {}, ...words);
  watch(store, (state) => [state.hint], (state) => (pill.hidden = !state.hint));
  return pill;
}
