// Notices when the server is gone and when it is back, and says so.

import { el } from "../panels/dom";
import type { About, Client } from "./api";

const AGAIN_MS = 1500;
const LOOK_MS = 20_000;

export interface Connection {
  /** Somebody asked in vain. */
  lost(): void;
  readonly bar: HTMLElement;
}

/** `back` is told whether the server is another one than before: then its jobs and runs are gone. `seen` is told what
 * the server says of itself, each time that it was looked for. */
export function connection(client: () => Client, back: (anew: boolean) => void, seen: (about: About) => void = () => undefined): Connection {
  const bar = el("p.offline", { role: "alert", hidden: true });
  let started: string | null = null;
  let away = false;
  const look = async (): Promise<void> => {
    try {
      const response = await fetch(client().url("server"));
      if (response.status === 401) {
        // Started anew with another token: only a person can fetch that one.
        say("The server was started with another token: open the address that it printed.");
        return;
      }
      if (!response.ok) return;
      const about = (await response.json()) as About;
      const anew = started !== null && started !== about.started;
      started = about.started;
      if (away || anew) back(anew);
      away = false;
      bar.hidden = true;
      seen(about);
    } catch {
      lost();
    }
  };
  const say = (text: string): void => {
    bar.textContent = text;
    bar.hidden = false;
  };
  const lost = (): void => {
    if (!away) window.setTimeout(() => void again(), AGAIN_MS);
    away = true;
    say("The server does not answer. Trying again…");
  };
  const again = async (): Promise<void> => {
    await look();
    if (away) window.setTimeout(() => void again(), AGAIN_MS);
  };
  void look();
  window.setInterval(() => {
    if (!away && !document.hidden) void look();
  }, LOOK_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && !away) void look();
  });
  return { lost, bar };
}
