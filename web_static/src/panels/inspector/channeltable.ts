// All channels of a layer as a table that can be sorted by each of its columns.

import type { Activation } from "../../bundle/manifest.gen";
import type { Tensor } from "../../bundle/tensor";
import type { Store } from "../../state/store";
import { shareText, valueText } from "../../words/format";
import { button, el } from "../dom";
import { drawPlane } from "../picture";
import { rangeHere } from "../ranges";
import { sortChannels, type ChannelRow, type Order } from "./order";

const FIRST = 32;
const MORE = 128;

interface Column {
  readonly order: Order;
  readonly text: string;
  readonly title: string;
  readonly cell: (row: ChannelRow) => string;
}

function columns(method: string | null): readonly Column[] {
  const relevance: Column = { order: "relevance", text: "attrib.", title: `${method ?? ""}: weight times mean activation`, cell: (row) => valueText(row.relevance) };
  return [
    { order: "index", text: "#", title: "Index", cell: (row) => String(row.channel) },
    { order: "mean", text: "mean", title: "Mean activation", cell: (row) => valueText(row.mean) },
    { order: "max", text: "max", title: "Largest activation", cell: (row) => valueText(row.max) },
    { order: "zeros", text: "zeros", title: "Share of zeros", cell: (row) => shareText(row.zeros) },
    ...(method === null ? [] : [relevance]),
  ];
}

/** `method` is the title of the attribution that the rows' relevance comes from, null where there is none. */
export function channelTable(
  store: Store,
  activation: Activation,
  tensor: Tensor,
  all: readonly ChannelRow[],
  method: string | null,
): { readonly element: HTMLElement; readonly draw: () => void } {
  const view = { order: "index" as Order, turned: false, shown: Math.min(all.length, FIRST) };
  const body = el("tbody");
  const heads = columns(method).map((column) => {
    const head = el("th", { scope: "col" }, button(column.text, () => sort(column.order), { className: "link", label: `Sort by ${column.title.toLowerCase()}` }));
    return { column, head };
  });
  const more = button("", () => {
    view.shown = Math.min(all.length, view.shown + MORE);
    draw();
  });
  const table = el("table.channeltable", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, el("span.hidden", {}, "picture")), ...heads.map(({ head }) => head))), body);
  const element = el("div", {}, table, more);
  function sort(order: Order): void {
    [view.turned, view.order] = [view.order === order && !view.turned, order];
    draw();
  }
  const rowOf = (row: ChannelRow, index: number): HTMLElement => {
    const { channel } = row;
    const state = store.get();
    const canvas = el("canvas", { "aria-hidden": "true" });
    drawPlane(canvas, tensor, channel, rangeHere(state, activation.summary, tensor, channel), state.theme);
    const dead = row.zeros === 1;
    const pick = (): void => store.set({ channel: store.get().channel === channel ? null : channel });
    const opener = button(`#${channel}`, (event) => {
      event.stopPropagation();
      pick();
    }, { className: "link", label: `Channel ${channel}${dead ? ", zero everywhere" : ""}`, attributes: { "data-channel": channel, "aria-pressed": String(state.channel === channel), tabindex: index === 0 ? 0 : -1 } });
    const cells = heads.slice(1).map(({ column }) => el("td.number", {}, column.cell(row)));
    const item = el(dead ? "tr.dead" : "tr", {}, el("td", {}, canvas), el("th", { scope: "row" }, opener, dead ? el("i.dot", { role: "img", "aria-label": "zero everywhere for this sample", title: "zero everywhere for this sample" }) : null), ...cells);
    item.addEventListener("click", pick);
    return item;
  };
  function draw(): void {
    heads.forEach(({ column, head }) => {
      const rising = (column.order === "index") !== view.turned;
      head.setAttribute("aria-sort", column.order !== view.order ? "none" : rising ? "ascending" : "descending");
    });
    body.replaceChildren(...sortChannels(all, view.order, view.turned).slice(0, view.shown).map(rowOf));
    more.hidden = view.shown >= all.length;
    more.textContent = `Show ${Math.min(MORE, all.length - view.shown)} more`;
  }
  // Up and down walk along the rows; the tree's and the scene's arrow keys are left alone meanwhile.
  body.addEventListener("keydown", (event) => {
    const rows = [...body.querySelectorAll<HTMLElement>("button")];
    const at = rows.findIndex((row) => row === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    const next = to === undefined ? undefined : rows[to];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    event.stopPropagation();
    if (!next) return;
    rows.forEach((row) => (row.tabIndex = row === next ? 0 : -1));
    next.focus();
  });
  return { element, draw };
}
