// A job that is under way: how far it is, and a button to stop it.

import { button, el } from "../panels/dom";
import type { Client, Job } from "../served/api";
import { watchJob } from "../served/watchjob";

export interface Progress {
  readonly element: HTMLElement;
  readonly stop: HTMLElement;
  readonly busy: boolean;
  say(text: string): void;
  /** The result of a job when it is done; null where it failed or was stopped, which is then told. */
  follow<T>(job: Job): Promise<T | null>;
}

export function progress(client: Client): Progress {
  const said = el("p.note.said", { role: "status" });
  const fill = el("i.fill");
  const track = el("div.track", { role: "progressbar", "aria-label": "Progress", hidden: true }, fill);
  let current: string | null = null;
  const say = (text: string): void => {
    said.textContent = text;
  };
  const failed = (error: unknown): void => say(error instanceof Error ? error.message : String(error));
  const stop = button("Stop", () => {
    if (current !== null) void client.send("DELETE", `jobs/${current}`).catch(failed);
  }, { className: "small" });
  stop.hidden = true;
  return {
    element: el("div.progress", {}, track, said),
    stop,
    get busy() {
      return current !== null;
    },
    say,
    async follow<T>(start: Job): Promise<T | null> {
      current = start.id;
      track.hidden = stop.hidden = false;
      try {
        const job = await watchJob(client, start, (now) => {
          say(now.state === "queued" ? "Waiting…" : now.state === "running" ? "Computing…" : "");
          fill.style.width = `${Math.round(now.share * 100)}%`;
          track.setAttribute("aria-valuenow", String(Math.round(now.share * 100)));
        });
        if (job.state === "done") return (await client.get<{ result: T }>(`jobs/${job.id}`)).result;
        say(job.state === "failed" ? (job.detail ?? "It failed.") : "Stopped.");
      } catch (error) {
        failed(error);
      } finally {
        current = null;
        track.hidden = stop.hidden = true;
      }
      return null;
    },
  };
}
