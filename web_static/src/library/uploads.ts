// Files on their way into the library: one after another, each with a line that tells how it went.

import { button, el } from "../panels/dom";
import { query, type Client, type Item, type Job } from "../served/api";
import { watchJob } from "../served/watchjob";
import { bytesText } from "../words/format";

export interface Uploads {
  readonly element: HTMLElement;
  add(files: Iterable<File>): void;
}

/** `changed` is called when the list has something new to show. */
export function uploads(client: Client, most: () => number, changed: () => void): Uploads {
  const element = el("ul.uploads", { "aria-label": "Uploads", "aria-live": "polite" });
  let queue = Promise.resolve();

  const send = async (file: File, line: HTMLElement, tell: (text: string, done?: number) => void): Promise<void> => {
    if (file.size > most()) {
      tell(`is ${bytesText(file.size)}; the server takes at most ${bytesText(most())}`);
      line.classList.add("failed");
      return;
    }
    tell("uploading…");
    try {
      const item = await client.give<Item>(`items${query({ name: file.name })}`, file);
      changed();
      if (item.kind === "model") await opened(item, tell);
      line.remove();
    } catch (error) {
      line.classList.add("failed");
      tell(error instanceof Error ? error.message : String(error));
    }
    changed();
  };

  const opened = async (item: Item, tell: (text: string, done?: number) => void): Promise<void> => {
    const answer = await client.send<{ job: Job | null }>("POST", `items/${item.id}/open`);
    if (answer.job === null) return;
    const job = await watchJob(client, answer.job, (now) => tell(now.state === "queued" ? "waiting to be opened…" : "opening the model…", now.share));
    if (job.state === "failed") throw new Error(job.detail ?? "it could not be opened");
  };

  return {
    element,
    add(files) {
      for (const file of files) {
        const said = el("span.said", {}, "waiting…");
        const fill = el("i.fill");
        const line = el("li", {}, el("b", {}, file.name), said, el("span.track", {}, fill));
        line.append(button("✕", () => line.remove(), { className: "icon", label: `Hide ${file.name}` }));
        const tell = (text: string, done = 0): void => {
          said.textContent = text;
          fill.style.width = `${Math.round(done * 100)}%`;
        };
        element.append(line);
        queue = queue.then(() => send(file, line, tell));
      }
    },
  };
}

/** The whole window takes files that are dropped on it. */
export function dropZone(take: (files: Iterable<File>) => void): HTMLElement {
  const cover = el("div.drop", { hidden: true, "aria-hidden": "true" }, el("p", {}, "Drop models (.keras, .h5) and reports (.tview, .html) here"));
  const holds = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragenter", (event) => {
    if (holds(event)) cover.hidden = false;
  });
  window.addEventListener("dragover", (event) => {
    if (holds(event)) event.preventDefault();
  });
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) cover.hidden = true;
  });
  window.addEventListener("drop", (event) => {
    cover.hidden = true;
    if (!holds(event)) return;
    event.preventDefault();
    take(event.dataTransfer?.files ?? []);
  });
  return cover;
}
