// Keeps the address and the view in step, with back and forward.

import type { Report } from "../bundle/model";
import { fromHash, toHash } from "./hash";
import type { Store, ViewState } from "./store";

/** Changes of these make a step that "back" undoes; others only correct the address. */
const STEPS: readonly (keyof ViewState)[] = ["selected", "sample", "mode", "method", "target"];

/** Takes the view from the address, then follows both. `isId` says which ids can be selected. */
export function keepHistory(store: Store, report: Report, isId: (id: string) => boolean): void {
  const start = store.get();
  let leading = false;

  const read = (): void => {
    leading = true;
    store.set(fromHash(window.location.hash, report, start, isId));
    leading = false;
  };
  const write = (state: ViewState, before: ViewState): void => {
    if (leading) return;
    const hash = toHash(state, start);
    if (hash === window.location.hash.replace(/^#/, "")) return;
    const step = STEPS.some((key) => !Object.is(state[key], before[key]));
    const address = hash === "" ? window.location.pathname + window.location.search : `#${hash}`;
    try {
      if (step) window.history.pushState(null, "", address);
      else window.history.replaceState(null, "", address);
    } catch {
      // Some embeddings forbid it (a frame without an address of its own); the page works without.
    }
  };
  if (window.location.hash !== "") read();
  window.addEventListener("popstate", read);
  store.subscribe(write);
}
