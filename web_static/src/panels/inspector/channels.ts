// All channels of an activation, as small pictures, sorted as the person likes.

import type { Activation } from "../../bundle/manifest.gen";
import type { Tensor } from "../../bundle/tensor";
import { shownRange } from "../../colour/value";
import type { Store } from "../../state/store";
import { button, el } from "../dom";
import { countText, shareText, valueText } from "../../words/format";
import { channelCount, drawPlane } from "../picture";
import { channelTable } from "./channeltable";
import { sortChannels, type ChannelRow, type Order } from "./order";
import { channelFacts, rangeHere, type ChannelFacts } from "../ranges";

/** Weights of a layer's channels, and the method that gave them. */
export interface Weights {
  readonly title: string;
  readonly values: Float32Array;
}

const ORDERS: readonly (readonly [Order, string])[] = [
  ["mean", "mean activation"],
  ["max", "maximum"],
  ["zeros", "zeros"],
  ["relevance", "attribution"],
  ["index", "index"],
];
const FIRST = 12;
const MORE = 96;

function caption(facts: ChannelRow, order: Order): string {
  if (order === "index") return "";
  return order === "zeros" ? shareText(facts.zeros) : valueText(facts[order]);
}

/** Whether the person looks at the table; kept from layer to layer. */
const memory = { table: false };

/** `label` names a channel where it stands for a class; `weights` are those of the channels in an attribution. */
export function channels(
  store: Store,
  activation: Activation,
  tensor: Tensor,
  label: (channel: number) => string | null,
  weights: Weights | null = null,
): HTMLElement {
  const count = channelCount(tensor.shape);
  const all = Array.from({ length: count }, (_, channel): ChannelRow => {
    const facts = channelFacts(tensor, channel);
    return { ...facts, relevance: weights ? facts.mean * (weights.values[channel] ?? NaN) : NaN };
  });
  const units = tensor.shape.length === 1;
  const view = { order: "mean" as Order, shown: Math.min(FIRST, count) };
  const select = el("select", { "aria-label": "Sort channels by" });
  for (const [order, text] of ORDERS) {
    if (units && (order === "max" || order === "zeros" || order === "relevance")) continue;
    if (order === "relevance" && !weights) continue;
    select.append(el("option", { value: order }, units && order === "mean" ? "value" : text));
  }
  const list = units ? el("ol.units") : el("div.tiles.channels");
  const more = button("", () => {
    view.shown = Math.min(count, view.shown + MORE);
    draw();
  });
  const table = channelTable(store, activation, tensor, all, weights?.title ?? null);
  const swap = button("", () => {
    memory.table = !memory.table;
    swapped();
  }, { className: "link" });
  const title = el("span.by", {}, units ? "Units by" : "Channels by");
  const box = el("section.channelbox", {}, el("h3", {}, title, select, el("span.aside", {}, `of ${countText(count)}`), units ? null : swap), list);
  const swapped = (): void => {
    const on = memory.table && !units;
    swap.textContent = on ? "pictures" : "table";
    swap.setAttribute("aria-label", on ? "Show channels as pictures" : "Show channels as a table");
    [select.hidden, list.hidden] = [on, on];
    title.textContent = on ? "Channels" : units ? "Units by" : "Channels by";
    if (on) box.append(table.element);
    else table.element.remove();
    if (on) {
      more.remove();
      table.draw();
    } else draw();
  };
  const draw = (): void => {
    const state = store.get();
    const { theme, channel: chosen } = state;
    const whole = shownRange(state, activation.summary);
    const shown = sortChannels(all, view.order).slice(0, view.shown);
    list.replaceChildren(
      ...shown.map((facts) => {
        const { channel } = facts;
        const pick = (): void => {
          store.set({ channel: store.get().channel === channel ? null : channel });
        };
        if (units) return unitRow(facts, whole.high, label(channel), chosen === channel, pick);
        const canvas = el("canvas", { "aria-hidden": "true" });
        drawPlane(canvas, tensor, channel, rangeHere(state, activation.summary, tensor, channel), theme);
        const text = caption(facts, view.order);
        const item = el(
          "button.tile",
          {
            type: "button",
            "data-channel": channel,
            "aria-pressed": String(chosen === channel),
            title: `channel ${channel}: mean ${valueText(facts.mean)}, max ${valueText(facts.max)}, zeros ${shareText(facts.zeros)}`,
          },
          canvas,
          el("span.number", {}, `#${channel}`),
          text ? el("span.aside", {}, text) : null,
        );
        item.addEventListener("click", pick);
        return item;
      }),
    );
    more.textContent = `Show ${Math.min(MORE, count - view.shown)} more`;
    if (view.shown < count) box.append(more);
    else more.remove();
  };
  select.addEventListener("change", () => {
    view.order = select.value as Order;
    draw();
  });
  swapped();
  return box;
}

function unitRow(facts: ChannelFacts, high: number, label: string | null, chosen: boolean, pick: () => void): HTMLElement {
  const bar = el("i.fill");
  bar.style.width = `${Math.min(100, (Math.abs(facts.mean) / high) * 100 || 0).toFixed(2)}%`;
  if (facts.mean < 0) bar.classList.add("negative");
  const name = label ?? `#${facts.channel}`;
  const item = el(
    "button.unit",
    { type: "button", "data-channel": facts.channel, "aria-pressed": String(chosen) },
    el("span.label", { title: label ? `${label} (#${facts.channel})` : name }, name),
    el("span.track", { "aria-hidden": "true" }, bar),
    el("span.number", {}, valueText(facts.mean)),
  );
  item.addEventListener("click", pick);
  return el("li", {}, item);
}
