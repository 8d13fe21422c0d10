// The panel on the left: search, kinds, and the layers as a tree.

import type { Report } from "../bundle/model";
import { plan } from "../layout/plan";
import { buildTree } from "../layout/tree";
import { choose, toggle } from "../state/actions";
import type { Store } from "../state/store";
import { button, el, swatch, watch } from "./dom";
import { shapeText } from "../words/format";
import { found, kindCounts, treeRows, type Row, type RowNode } from "./rows";

export interface Layers {
  readonly element: HTMLElement;
  focusSearch(): void;
  readonly clearSearch: () => void;
}

function chips(report: Report, store: Store): HTMLElement {
  const box = el("div.chips", { role: "group", "aria-label": "Show only these kinds" });
  for (const [kind, count] of kindCounts(report.manifest)) {
    const chip = button("", () => store.set({ kinds: toggle(store.get().kinds, kind) }), { className: "chip" });
    chip.append(swatch(kind), el("span", {}, kind), el("span.number", {}, String(count)));
    watch(store, (s) => [s.kinds], ({ kinds }) => chip.setAttribute("aria-pressed", String(kinds.has(kind))));
    box.append(chip);
  }
  const ill = report.manifest.nodes.filter((node) => node.health.length > 0).length;
  if (ill > 0) {
    const chip = button("", () => store.set({ ill: !store.get().ill }), { className: "chip", label: "Show only layers with something wrong" });
    chip.append(el("i.dot", { "aria-hidden": "true" }), el("span", {}, "health"), el("span.number", {}, String(ill)));
    watch(store, (s) => [s.ill], (state) => chip.setAttribute("aria-pressed", String(state.ill)));
    box.append(chip);
  }
  return box;
}

function dot(node: RowNode): HTMLElement | null {
  if (node.health.length === 0) return null;
  const bad = node.health.some((item) => item.kind === "nan" || item.kind === "inf" || item.kind === "exploding");
  const text = [...new Set(node.health.map((item) => item.text))].slice(0, 3).join(" · ");
  return el(bad ? "i.dot.bad" : "i.dot", { role: "img", "aria-label": text, title: text });
}

export function layers(report: Report, store: Store): Layers {
  const search = el("input", { type: "search", placeholder: "Find a layer", "aria-label": "Find a layer", autocomplete: "off", spellcheck: "false" });
  const list = el("ul.tree", { role: "tree", "aria-label": "Layers" });
  const none = el("p.note.empty", {}, "No layer is called so.");
  const element = el(
    "nav.layers",
    { "aria-label": "Layers" },
    el("div.find", {}, el("div.search", {}, search, el("kbd", { "aria-hidden": "true" }, "/")), chips(report, store)),
    list,
    none,
  );
  const { blocks } = plan(report.manifest);
  // Fused layers open in the list only; blocks open on the shelf too, so theirs is kept in the store.
  let opened: ReadonlySet<string> = new Set();
  let items: { readonly row: Row; readonly element: HTMLElement }[] = [];
  let marked = 0;

  const toggleRow = ({ node }: Row): void => {
    if (node.block) {
      store.set({ unfolded: toggle(store.get().unfolded, node.id) });
    } else {
      opened = toggle(opened, node.id);
      fill();
    }
  };
  const mark = (index: number, focus: boolean): void => {
    marked = Math.min(Math.max(0, index), items.length - 1);
    items.forEach((item, i) => (item.element.tabIndex = i === marked ? 0 : -1));
    if (focus) items[marked]?.element.focus();
  };
  const select = (): void => {
    const { selected } = store.get();
    items.forEach(({ row, element: item }, index) => {
      const chosen = row.node.id === selected;
      item.setAttribute("aria-selected", String(chosen));
      if (!chosen) return;
      mark(index, false);
      if (item.isConnected) item.scrollIntoView({ block: "nearest" });
    });
  };

  const make = (row: Row, index: number): HTMLElement => {
    const { node, level, label, expanded } = row;
    const item = el(
      "li.row",
      { role: "treeitem", "aria-level": level, "aria-expanded": expanded === null ? null : String(expanded), "data-role": node.role, tabindex: -1 },
      el("span.chevron", { "aria-hidden": "true" }, expanded === null ? "" : "›"),
      swatch(node.kind),
      el("span.label", { title: node.label }, label),
      dot(node),
      el("span.number", {}, shapeText(node.shape)),
    );
    item.style.setProperty("--level", String(level - 1));
    item.addEventListener("click", (event) => {
      mark(index, true);
      if (expanded !== null && event.target instanceof Element && event.target.closest(".chevron")) toggleRow(row);
      else choose(store, node.id);
    });
    item.addEventListener("pointerenter", () => store.set({ hovered: node.id }));
    item.addEventListener("pointerleave", () => store.set({ hovered: null }));
    return item;
  };
  function fill(): void {
    const { kinds, ill, unfolded } = store.get();
    const filtered = search.value.trim() !== "" || kinds.size > 0 || ill;
    const rows = filtered
      ? found(report.manifest, search.value, kinds, ill)
      : treeRows(buildTree(report, { unfolded }), (node) => (node.block ? !node.folded : opened.has(node.id)), (id) => blocks.get(id)?.prefix ?? "");
    const focused = items[marked]?.element === document.activeElement ? items[marked]?.row.node.id : undefined;
    items = rows.map((row, index) => ({ row, element: make(row, index) }));
    list.replaceChildren(...items.map((item) => item.element));
    none.hidden = items.length > 0;
    mark(Math.max(0, items.findIndex((item) => item.row.node.id === focused)), focused !== undefined);
    select();
  }

  list.addEventListener("keydown", (event) => {
    const row = items[marked]?.row;
    if (!row) return;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => mark(marked + 1, true),
      ArrowUp: () => mark(marked - 1, true),
      Home: () => mark(0, true),
      End: () => mark(items.length - 1, true),
      Enter: () => choose(store, row.node.id),
      " ": () => choose(store, row.node.id),
      ArrowRight: () => (row.expanded === false ? toggleRow(row) : mark(marked + 1, true)),
      ArrowLeft: () => {
        if (row.expanded === true) toggleRow(row);
        else mark(items.slice(0, marked).findLastIndex((item) => item.row.level < row.level), true);
      },
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  });
  const clearSearch = (): void => {
    if (search.value === "") return;
    search.value = "";
    fill();
  };
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") {
      event.preventDefault();
      mark(0, true);
    } else if (event.key === "Enter" && items[0]) {
      choose(store, items[0].row.node.id);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      clearSearch();
      search.blur();
    }
  });
  watch(store, (s) => [s.unfolded, s.kinds, s.ill], fill);
  watch(store, (s) => [s.selected], select);
  return {
    element,
    clearSearch,
    focusSearch() {
      search.focus();
      search.select();
    },
  };
}
