// Elements from code. Text only ever goes in as text, so nothing in a bundle can become markup.

import type { Store, ViewState } from "../state/store";

type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** `el("button.primary", {title: "…"}, "Text")`; a false or null attribute is left out, true is an empty one. */
export function el<K extends keyof HTMLElementTagNameMap>(
  what: K | `${K}.${string}`,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const [tag = "div", ...classes] = what.split(".");
  const element = document.createElement(tag as K);
  if (classes.length > 0) element.className = classes.join(" ");
  setAttributes(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** A button that says what it does; `label` is read out where the text alone does not tell. */
export function button(
  text: string,
  run: (event: MouseEvent) => void,
  options: { readonly className?: string; readonly label?: string; readonly attributes?: Attributes } = {},
): HTMLButtonElement {
  const element = el("button", { type: "button", ...(options.label ? { "aria-label": options.label, title: options.label } : {}) }, text);
  if (options.className) element.className = options.className;
  if (options.attributes) setAttributes(element, options.attributes);
  element.addEventListener("click", run);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag: string, attributes: Attributes = {}, ...children: readonly Node[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** The small square that shows a kind's colour; the kind's name always stands beside it. */
export function swatch(kind: string): HTMLElement {
  const square = el("i.swatch", { "aria-hidden": "true" });
  square.style.setProperty("--kind", `var(--kind-${kind})`);
  return square;
}

/** In a row of buttons of which one is chosen, the left and right arrow keys choose the next one. */
export function stepByArrows(row: HTMLElement, buttons: readonly HTMLElement[]): void {
  row.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = buttons[buttons.findIndex((item) => item === document.activeElement) + (step ?? 0)];
    if (step === undefined || !next) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
    next.click();
  });
}

/** Runs at once, and again whenever what `pick` returns has changed. */
export function watch(store: Store, pick: (state: ViewState) => readonly unknown[], run: (state: ViewState) => void): () => void {
  const seen = (state: ViewState): readonly unknown[] => [state.revision, ...pick(state)];
  let before = seen(store.get());
  run(store.get());
  return store.subscribe((state) => {
    const now = seen(state);
    if (now.length === before.length && now.every((item, i) => Object.is(item, before[i]))) return;
    before = now;
    run(state);
  });
}
