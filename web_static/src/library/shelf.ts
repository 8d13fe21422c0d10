// The library's page: search, filters, cards, uploads, undo.

import { button, el, svg } from "../panels/dom";
import { applyTheme } from "../panels/theme";
import { Client, type Item, type Listed } from "../served/api";
import { connection } from "../served/connection";
import { plural } from "../words/format";
import { askText } from "./ask";
import { card, type Hands } from "./card";
import { fromHash, SORTS, toHash, toPath, type Asked } from "./state";
import { dropZone, uploads } from "./uploads";

const TYPING_MS = 120;
const UNDO_MS = 12_000;
const ENDINGS = ".keras,.h5,.hdf5,.tview,.html";

function mark(): SVGElement {
  const face = (x: number, height: number, kind: string): SVGElement =>
    svg("path", { d: `M${x} ${20 - height} l5 -2 v${height} l-5 2 z`, fill: `var(--kind-${kind})` });
  return svg("svg", { viewBox: "0 0 24 24", width: 20, height: 20, "aria-hidden": "true" }, face(2, 14, "conv"), face(9, 9, "pool"), face(16, 5, "dense"));
}

export function shelf(root: HTMLElement): void {
  let asked = fromHash(window.location.hash);
  let most = Number.POSITIVE_INFINITY;
  let turn = 0;
  const client = new Client(new URL(".", document.baseURI), () => link.lost());
  let known: number | null = null;
  const link = connection(() => client, () => void show(), (about) => {
    most = about.most_upload;
    // Another page, or a program, has changed something.
    if (known !== null && known !== about.library) void show();
    known = about.library;
  });
  const status = el("p.count", { role: "status" });
  const list = el("ul.cards", { "aria-label": "Models and reports" });
  const empty = el("div.empty", { hidden: true });
  const tags = el("div.tagbar", { role: "group", "aria-label": "Tags" });
  const toast = el("div.toast", { role: "status", hidden: true });
  const loading = uploads(client, () => most, () => void show());

  const ask = (patch: Partial<Asked>): void => {
    asked = { ...asked, ...patch };
    const hash = toHash(asked);
    window.history.replaceState(null, "", hash === "" ? window.location.pathname + window.location.search : hash);
    void show();
  };
  const failed = (error: unknown): void => tell(error instanceof Error ? error.message : String(error));
  const tell = (text: string, undo?: () => void): void => {
    const line = el("span", {}, text);
    toast.replaceChildren(line);
    if (undo) toast.append(button("Undo", () => {
      hide();
      undo();
    }, { className: "link" }));
    toast.hidden = false;
    window.clearTimeout(hiding);
    hiding = window.setTimeout(hide, UNDO_MS);
  };
  let hiding = 0;
  const hide = (): void => {
    toast.hidden = true;
  };
  const doing = (work: Promise<unknown>): void => void work.then(() => show(), failed);

  const hands: Hands = {
    picture: (item) => client.url(`items/${item.id}/picture`).href,
    download(item, format) {
      const anchor = el("a", { href: client.url(`items/${item.id}/download?format=${format}`).href, download: "" });
      anchor.click();
    },
    rename: (item) =>
      void askText("Rename", item.name, "Anything; it is only a name.", 120).then((name) => {
        if (name !== null && name.trim() !== "" && name !== item.name) doing(client.send("PATCH", `items/${item.id}`, { name }));
      }),
    tags: (item) =>
      void askText("Tags", item.tags.join(", "), "Words with commas between them.", 800).then((text) => {
        if (text === null) return;
        const words = text.split(",").map((word) => word.trim()).filter((word) => word !== "");
        doing(client.send("PATCH", `items/${item.id}`, { tags: words }));
      }),
    remove(item) {
      const undo = (): void => doing(client.send("POST", `items/${item.id}/restore`));
      doing(client.send("DELETE", `items/${item.id}`).then(() => tell(`“${item.name}” is in the trash.`, undo)));
    },
    restore: (item) => doing(client.send("POST", `items/${item.id}/restore`).then(() => tell(`“${item.name}” is back.`))),
    tagged: (tag) => ask({ tag: asked.tag === tag ? "" : tag }),
  };

  // ---- the bar on top

  const search = el("input", { type: "search", placeholder: "Search", "aria-label": "Search models and reports", value: asked.q });
  let typing = 0;
  search.addEventListener("input", () => {
    window.clearTimeout(typing);
    typing = window.setTimeout(() => ask({ q: search.value }), TYPING_MS);
  });
  const sort = el("select", { "aria-label": "Order" }, ...SORTS.map(([value, text]) => el("option", { value, selected: value === asked.sort }, text)));
  sort.addEventListener("change", () => ask({ sort: SORTS.find(([value]) => value === sort.value)?.[0] ?? "added" }));
  const kinds = ([["", "All"], ["model", "Models"], ["report", "Reports"]] as const).map(([kind, text]) => {
    const chip = button(text, () => ask({ kind }), { className: "chip" });
    chip.dataset["kind"] = kind;
    return chip;
  });
  const file = el("input", { type: "file", multiple: true, accept: ENDINGS, hidden: true, "aria-label": "Files to upload" });
  file.addEventListener("change", () => {
    loading.add([...(file.files ?? [])]);
    file.value = "";
  });
  const theme = button("", () => {
    applyTheme(document.documentElement, document.documentElement.dataset["theme"] === "dark" ? "light" : "dark");
    named();
  }, { className: "icon" });
  const named = (): void => {
    const dark = document.documentElement.dataset["theme"] === "dark";
    theme.textContent = dark ? "☀" : "☾";
    theme.title = dark ? "Light theme" : "Dark theme";
    theme.setAttribute("aria-label", theme.title);
  };
  named();
  const trash = button("Trash", () => ask({ trash: !asked.trash, tag: "", kind: "" }), { className: "link trash" });
  const wipe = button("Empty the trash", () => {
    if (window.confirm("Delete everything in the trash for good?")) doing(client.send("DELETE", "trash"));
  }, { className: "small wipe" });

  root.className = "shelf";
  root.replaceChildren(
    el("header.topbar", {}, el("h1", {}, mark(), "tensorview"), search, el("div.actions", {}, button("Upload", () => file.click(), { className: "primary" }), theme)),
    el("main", {}, link.bar, el("div.filters", {}, el("div.chips", { role: "group", "aria-label": "Kind" }, ...kinds), tags, el("div.order", {}, status, sort)), loading.element, list, empty, el("footer", {}, trash, wipe)),
    toast, file, dropZone((files) => loading.add(files)),
  );
  window.addEventListener("hashchange", () => {
    asked = fromHash(window.location.hash);
    search.value = asked.q;
    sort.value = asked.sort;
    void show();
  });
  window.addEventListener("keydown", (event) => {
    const typed = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key !== "/" || typed || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    search.focus();
  });

  // ---- the list

  const everything = (): void => {
    search.value = "";
    ask({ q: "", tag: "", kind: "" });
  };
  const nothing = (): void => {
    const searched = asked.q !== "" || asked.tag !== "" || asked.kind !== "";
    if (asked.trash) empty.replaceChildren(el("h2", {}, "The trash is empty"));
    else if (searched) empty.replaceChildren(el("h2", {}, "Nothing fits"), el("p.note", {}, "Try fewer words."), button("Show everything", everything));
    else {
      empty.replaceChildren(
        el("h2", {}, "Drop a model here"),
        el("p.note", {}, "A .keras or .h5 file: you see its layers at once, and can give it pictures, arrays or drawings and watch what happens in it."),
        el("p.note", {}, "Or a report that was made with ", el("code", {}, "tensorview export"), ": .tview or .html."),
        button("Choose files", () => file.click(), { className: "primary" }),
      );
    }
  };

  async function show(): Promise<void> {
    const mine = ++turn;
    let found: Listed;
    try {
      found = await client.get<Listed>(toPath(asked));
    } catch (error) {
      failed(error);
      return;
    }
    if (mine !== turn) return;
    const focused = document.activeElement?.closest("li.card")?.getAttribute("data-id");
    list.replaceChildren(...found.items.map((item: Item) => card(item, hands)));
    if (focused) list.querySelector<HTMLElement>(`[data-id="${focused}"] a, [data-id="${focused}"] button`)?.focus();
    empty.hidden = found.items.length > 0;
    if (found.items.length === 0) nothing();
    status.textContent = asked.trash ? `${plural(found.total, "item")} in the trash` : plural(found.total, "item");
    for (const chip of kinds) chip.setAttribute("aria-pressed", String(chip.dataset["kind"] === asked.kind));
    tags.replaceChildren(...found.tags.map((tag) => {
      const chip = button(tag, () => hands.tagged(tag), { className: "tag" });
      chip.setAttribute("aria-pressed", String(tag === asked.tag));
      return chip;
    }));
    root.dataset["trash"] = String(asked.trash);
    trash.textContent = asked.trash ? "Back to the library" : "Trash";
    wipe.hidden = !asked.trash || found.total === 0;
  }

  document.title = "tensorview";
  void show();
}
