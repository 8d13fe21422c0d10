// The page of one model or report on the server: the page that every file has, and what only a live model can do.

import { page } from "../page";
import { el } from "../panels/dom";
import { applyTheme, systemTheme } from "../panels/theme";
import { Client, Refused, type Item, type Job } from "../served/api";
import { connection } from "../served/connection";
import { watchJob } from "../served/watchjob";
import { livePanel } from "./panel";
import { LiveSource } from "./source";

/** A model's page is made when it is first looked at. */
async function opened(client: Client, item: Item, tell: (text: string, share: number) => void): Promise<void> {
  if (item.opened) return;
  const { job } = await client.send<{ job: Job | null }>("POST", `items/${item.id}/open`);
  if (job === null) return;
  const over = await watchJob(client, job, (now) => tell(now.state === "queued" ? "Waiting for other work…" : `Opening ${item.name}…`, now.share));
  if (over.state !== "done") throw new Refused(422, over.detail ?? "It was not opened.");
}

function waiting(root: HTMLElement): (text: string, share: number) => void {
  const line = el("p", { role: "status" });
  const fill = el("i.fill");
  root.className = "opening";
  root.replaceChildren(el("div", {}, line, el("div.track", {}, fill)));
  return (text, share) => {
    line.textContent = text;
    fill.style.width = `${Math.round(share * 100)}%`;
  };
}

async function start(root: HTMLElement): Promise<void> {
  applyTheme(document.documentElement, systemTheme());
  const id = decodeURIComponent(window.location.pathname.split("/").at(-2) ?? "");
  let panel: { anew(): void } | null = null;
  const client = new Client(new URL("../../", document.baseURI), () => link.lost());
  const link = connection(() => client, (anew) => {
    if (anew) panel?.anew();
  });
  try {
    const item = await client.get<Item>(`items/${id}`);
    await opened(client, item, waiting(root));
    const live = await LiveSource.open(client, id);
    const built = page(root, live.opened);
    built.view.append(link.bar);
    const home = el("a.home", { href: "../../", title: "Back to the library", "aria-label": "Back to the library" }, "‹ Library");
    root.querySelector(".topbar")?.prepend(home);
    panel = await livePanel(built, live, client, item);
  } catch (error) {
    const line = el("p", { role: "alert" }, error instanceof Error ? error.message : String(error));
    root.className = "broken";
    root.replaceChildren(line, el("p", {}, el("a", { href: "../../" }, "Back to the library")));
  }
}

const root = document.getElementById("tensorview");
if (root) void start(root);
