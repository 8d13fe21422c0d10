// One model or report as a card: its picture or its layers' colours, what it is, what can be done with it.

import { button, el } from "../panels/dom";
import { menu, type Item as Action } from "../panels/menu";
import type { Item } from "../served/api";
import { countText, plural } from "../words/format";
import { BESIDE, boxes, WIDE } from "./boxes";

export interface Hands {
  picture(item: Item): string;
  download(item: Item, format: string): void;
  rename(item: Item): void;
  tags(item: Item): void;
  remove(item: Item): void;
  restore(item: Item): void;
  tagged(tag: string): void;
}

function face(item: Item, hands: Hands): HTMLElement {
  const front = el("div.face");
  if (item.pictured) {
    const picture = el("img", { src: hands.picture(item), alt: "", loading: "lazy", decoding: "async" });
    // Small inputs are shown pixel by pixel, as elsewhere on the page.
    picture.addEventListener("load", () => picture.classList.toggle("small", picture.naturalWidth <= 64));
    front.append(picture);
  } else if (item.kinds.length === 0) {
    front.append(el("span.blank", { "aria-hidden": "true" }, item.suffix === "" ? "keras" : item.suffix.slice(1)));
  }
  if (item.kinds.length > 0) front.append(boxes(item.kinds, item.heights, item.pictured ? BESIDE : WIDE));
  return front;
}

export function facts(item: Item): string {
  const found = [
    item.params === null ? null : `${countText(item.params)} parameters`,
    item.layers === null ? null : plural(item.layers, "layer"),
    item.inputs.length > 0 ? item.inputs.join(", ") : null,
    item.samples ? plural(item.samples, "sample") : null,
  ];
  return found.filter((part) => part !== null).join(" · ");
}

export function dateText(iso: string, now: Date = new Date()): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return "";
  const minutes = (now.getTime() - then.getTime()) / 60_000;
  if (minutes >= 0 && minutes < 1) return "just now";
  if (minutes >= 0 && minutes < 60) return `${plural(Math.floor(minutes), "minute")} ago`;
  if (minutes >= 0 && minutes < 60 * 24) return `${plural(Math.floor(minutes / 60), "hour")} ago`;
  return then.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

function action(text: string, run: () => void): Action {
  return { text, run, blocked: () => null };
}

export function card(item: Item, hands: Hands): HTMLElement {
  const open = el("a.open", { href: `items/${item.id}/` }, item.name);
  const about = item.error ?? (facts(item) || (item.kind === "model" ? "not opened yet" : ""));
  const downloads = [
    action("Download as one HTML file", () => hands.download(item, "html")),
    action("Download as .tview", () => hands.download(item, "tview")),
    action("Download as JSON", () => hands.download(item, "json")),
  ];
  const own = item.kind === "model" ? [action("Download the model", () => hands.download(item, "model"))] : [];
  const changes = [
    action("Rename", () => hands.rename(item)),
    action("Tags", () => hands.tags(item)),
    action("Delete", () => hands.remove(item)),
  ];
  const actions = item.deleted
    ? button("Put back", () => hands.restore(item), { className: "small" })
    : menu("⋯", [...(item.opened ? downloads : []), ...own, ...(item.given ? [] : changes)]);
  const opener = actions.querySelector("button");
  opener?.setAttribute("aria-label", `What to do with ${item.name}`);
  opener?.classList.add("icon");
  const tags = item.tags.map((tag) => button(tag, () => hands.tagged(tag), { className: "tag", label: `Show what is tagged ${tag}` }));
  const line = el(
    "p.where",
    {},
    el("span.kind", {}, item.kind),
    item.given ? el("span.given", { title: "Named on the command line; not kept in the library" }, "from the command line") : null,
    el("time", { datetime: item.added, title: item.added }, dateText(item.added)),
  );
  return el(
    "li.card",
    { "data-id": item.id, "data-kind": item.kind, "data-error": item.error !== null },
    face(item, hands),
    el(
      "div.words",
      {},
      el("h2", {}, item.deleted ? el("span", {}, item.name) : open),
      item.said === null ? null : el("p.said", {}, item.said),
      el("p.facts", {}, about),
      el("div.tags", {}, ...tags),
      line,
    ),
    el("div.do", {}, actions),
  );
}
