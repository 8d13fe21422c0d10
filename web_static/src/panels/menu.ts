// A button with a menu that opens below it.

import { button, el } from "./dom";

export interface Item {
  readonly text: string;
  readonly run: () => void;
  /** Why it cannot be chosen now, or null. */
  readonly blocked: () => string | null;
}

export function menu(text: string, items: readonly Item[]): HTMLElement {
  const list = el("div.menu", { role: "menu", "aria-label": text, hidden: true });
  const opener = button(text, () => (list.hidden ? open() : close()), { attributes: { "aria-haspopup": "menu", "aria-expanded": "false" } });
  const box = el("div.dropdown", {}, opener, list);
  const rows = items.map((item) => {
    const row = button("", () => {
      if (row.getAttribute("aria-disabled") === "true") return;
      close();
      item.run();
    }, { attributes: { role: "menuitem", tabindex: -1 } });
    return row;
  });
  list.append(...rows);

  function open(): void {
    rows.forEach((row, i) => {
      const item = items[i];
      const reason = item?.blocked() ?? null;
      row.replaceChildren(el("span", {}, item?.text ?? ""), ...(reason === null ? [] : [el("span.aside", {}, reason)]));
      row.setAttribute("aria-disabled", String(reason !== null));
    });
    list.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    rows[0]?.focus();
  }
  function close(): void {
    if (list.hidden) return;
    const inside = list.contains(document.activeElement);
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    if (inside) opener.focus();
  }
  box.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    const current = rows.findIndex((row) => row === document.activeElement);
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown") rows[(current + 1) % rows.length]?.focus();
    else if (event.key === "ArrowUp") rows[(current - 1 + rows.length) % rows.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && box.contains(event.relatedTarget))) close();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!(event.target instanceof Node && box.contains(event.target))) close();
  });
  return box;
}
