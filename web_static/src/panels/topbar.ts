// The bar on top: what this is, and what can be done with it.

import type { Report } from "../bundle/model";
import { toggleTheme } from "../state/actions";
import type { Store } from "../state/store";
import { button, el, watch } from "./dom";
import { menu, type Item } from "./menu";
import type { Notices } from "./notice";
import { sentence } from "./sentence";

async function copyLink(notices: Notices): Promise<void> {
  const link = window.location.href;
  try {
    await navigator.clipboard.writeText(link);
    notices.toast("Link copied");
  } catch {
    // Not every embedding may write to the clipboard; then the person copies it from a field.
    const field = el("input", { type: "text", readonly: true, value: link, "aria-label": "Link to this view" });
    const dialog = el("dialog.link", {}, el("h2", {}, "Link to this view"), field);
    dialog.append(button("Close", () => dialog.close()));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  }
}

export function topbar(report: Report, store: Store, notices: Notices, items: readonly Item[], help: () => void): HTMLElement {
  const { title, model } = report.manifest;
  const facts = el("p.sentence", { "aria-live": "polite" });
  const theme = button("", () => toggleTheme(store), { className: "icon" });
  const element = el(
    "header.topbar",
    {},
    el("h1", { title: title || model.name }, title || model.name),
    facts,
    el(
      "div.actions",
      {},
      button("Copy link", () => void copyLink(notices), { className: "wide" }),
      menu("Export", items),
      theme,
      button("?", help, { className: "icon", label: "Help (?)" }),
    ),
  );
  watch(store, (s) => [s.sample], ({ sample }) => facts.replaceChildren(...sentence(report, sample)));
  watch(store, (s) => [s.theme], (state) => {
    theme.textContent = state.theme === "dark" ? "☀" : "☾";
    const label = state.theme === "dark" ? "Light theme (t)" : "Dark theme (t)";
    theme.title = label;
    theme.setAttribute("aria-label", label);
  });
  return element;
}
