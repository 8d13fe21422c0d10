// Light and dark: the tokens as custom properties, following the system until the person chooses.

import { KINDS, TOKENS, type Theme } from "../colour/tokens";
import type { Store } from "../state/store";
import { watch } from "./dom";

const LIGHT = "(prefers-color-scheme: light)";

export function systemTheme(): Theme {
  return window.matchMedia(LIGHT).matches ? "light" : "dark";
}

/** "onAccent" -> "--on-accent". */
export function property(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function applyTheme(root: HTMLElement, theme: Theme): void {
  root.dataset["theme"] = theme;
  root.style.colorScheme = theme;
  for (const [name, value] of Object.entries(TOKENS[theme])) root.style.setProperty(property(name), value as string);
  for (const [kind, value] of Object.entries(KINDS[theme])) root.style.setProperty(`--kind-${kind}`, value);
}

export function keepTheme(store: Store): void {
  let system = systemTheme();
  watch(store, (s) => [s.theme], ({ theme }) => applyTheme(document.documentElement, theme));
  window.matchMedia(LIGHT).addEventListener("change", () => {
    // Whoever chose the other theme by hand keeps it.
    const follows = store.get().theme === system;
    system = systemTheme();
    if (follows) store.set({ theme: system });
  });
}
