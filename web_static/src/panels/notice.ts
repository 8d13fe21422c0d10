// Lines that must not be missed: damage, and what a reader has to know to trust the page.

import { button, el } from "./dom";

export interface Notices {
  /** Stands above the scene, so that it covers nothing. */
  readonly element: HTMLElement;
  /** Lies over the scene for a moment. */
  readonly toasts: HTMLElement;
  /** Something is broken: read out at once, stays. The same text is shown once. */
  fault(text: string): void;
  /** Good to know; can be closed. */
  note(text: string): void;
  /** Passes by, such as "Link copied". */
  toast(text: string): void;
}

const TOAST_MS = 2200;

export function notices(): Notices {
  const faults = el("div.faults", { role: "alert" });
  const notes = el("div.notes", { role: "note" });
  const toasts = el("div.toasts", { role: "status" });
  const element = el("div.notices", {}, faults, notes);
  const shown = new Set<string>();
  return {
    element,
    toasts,
    fault(text) {
      if (shown.has(text)) return;
      shown.add(text);
      faults.append(el("p", {}, text));
    },
    note(text) {
      const line = el("p", {}, el("span", {}, text));
      line.append(button("✕", () => line.remove(), { className: "icon", label: "Close note" }));
      notes.append(line);
    },
    toast(text) {
      const line = el("p", {}, text);
      toasts.replaceChildren(line);
      window.setTimeout(() => line.remove(), TOAST_MS);
    },
  };
}
