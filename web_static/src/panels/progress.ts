// How far the file has been read and unpacked, where that takes long enough to be noticed.

import { el } from "./dom";

/** Milliseconds that are not worth a bar, and between two looks. */
const PATIENCE = 300;
const PACE = 100;

export interface Progress {
  readonly element: HTMLElement;
  /** Counts work of a size in bytes from now until the promise settles. */
  wait(work: Promise<unknown>, size: number): void;
}

/** `whole` settles when all of the file is there; `share` says how much of it is, 0..1. */
export function progress(whole: Promise<void>, share: () => number): Progress {
  const fill = el("div.fill");
  const element = el("div.reading", { role: "progressbar", "aria-label": "Reading the file", "aria-valuemin": 0, "aria-valuemax": 100, hidden: true }, fill);
  let [asked, done, pending, parsed] = [0, 0, 0, false];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    timer = undefined;
    element.hidden = parsed && pending === 0;
    if (element.hidden) {
      [asked, done] = [0, 0];
      return;
    }
    const percent = Math.round(100 * (parsed ? done / Math.max(1, asked) : share()));
    fill.style.width = `${percent}%`;
    element.setAttribute("aria-valuenow", String(percent));
    timer = setTimeout(look, PACE);
  };
  const begin = (): void => {
    timer ??= setTimeout(look, PATIENCE);
  };
  begin();
  const finish = (): void => {
    parsed = true;
  };
  whole.then(finish, finish);
  return {
    element,
    wait(work, size) {
      asked += size;
      pending++;
      begin();
      const settle = (): void => {
        done += size;
        pending--;
      };
      work.then(settle, settle);
    },
  };
}
