// Over the scene: give the model a new input, and ask more about it.

import { button, el } from "../panels/dom";
import type { Built } from "../page";
import { OVER, Refused, type Client, type Item, type Job } from "../served/api";
import { watchJob } from "../served/watchjob";
import { Asking, WINDOW_MS, type Question } from "./asking";
import { camera } from "./camera";
import { explainer, type Method } from "./explain";
import { lookFor } from "./lookfor";
import { pad } from "./pad";
import type { LiveSource, RunAnswer } from "./source";

/** Inputs up to this size, in grey, can be drawn. */
const SMALL = 64;
/** Methods that are so quick that their map follows each new input. */
const QUICK = "one pass";
const KEPT = "tensorview run of ";
const KEPT_JOB = "tensorview job of ";
const ARRAYS = ".npy,.npz";
const HINT = "Or drop or paste a picture, .npy or .npz anywhere.";

/** Height and width of the model's only input, where it is a small grey picture. */
export function drawable(shape: readonly (number | null)[]): readonly [number, number] | null {
  const sizes = shape.length === 3 && shape[2] === 1 ? shape.slice(0, 2) : shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape.length === 2 ? shape : [];
  const [height, width] = sizes;
  return height && width && height <= SMALL && width <= SMALL && height >= 8 && width >= 8 ? [height, width] : null;
}

export async function livePanel(built: Built, live: LiveSource, client: Client, item: Item): Promise<{ anew(): void }> {
  const { report, store, tell, view } = built;
  const methods = await client.get<readonly Method[]>("methods");
  const [input] = report.manifest.inputs;
  const size = report.manifest.inputs.length === 1 && input ? drawable(input.shape) : null;
  const said = el("p.note.said", { role: "status" }, HINT);
  const speed = el("span.aside");
  // While a pen is on the pad, another number of lines would move it from under the pen.
  let unsaid: string | null = null;
  const say = (text: string): void => {
    unsaid = board?.held ? text : null;
    if (unsaid === null) said.textContent = text;
  };
  let slowing = 0;
  const paced = (): void => {
    const rate = asking.rate;
    speed.textContent = rate >= 1 ? `${rate.toFixed(0)} a second` : "";
    window.clearTimeout(slowing);
    if (rate > 0) slowing = window.setTimeout(paced, WINDOW_MS);
  };

  const quick = (): readonly string[] => {
    const { mode, method } = store.get();
    return mode === "attribution" && methods.find((known) => known.name === method)?.cost === QUICK && method !== null ? [method] : [];
  };
  const answered = (answer: RunAnswer): void => {
    live.put(answer);
    window.sessionStorage.setItem(KEPT + item.id, answer.run);
    const { revision, mode, method } = store.get();
    const kept = mode === "activations" || answer.attributions.some((found) => found.method === method);
    store.set({ sample: live.place, revision: revision + 1, target: null, ...(kept ? {} : { mode: "activations" }) });
    say([...answer.told, ...answer.notes].join(" ") || HINT);
    paced();
    explain.show(answer.run);
    keep.disabled = false;
    if (eye.running) again();
  };
  const failed = (error: unknown): void => say(error instanceof Error ? error.message : String(error));
  const asking = new Asking(client, item.id, answered, failed);
  const give = (make: () => Promise<Blob | null>, name: string): void =>
    asking.ask(async (): Promise<Question | null> => {
      const bytes = await make();
      return bytes && { bytes, name, methods: quick(), target: "top" };
    });
  const again = (): void => give(() => eye.frame(), "webcam");

  const board = size && pad(size[0], size[1], () => give(() => board?.picture() ?? Promise.resolve(null), "drawing"), () => {
    if (unsaid !== null) say(unsaid);
  });
  const eye = camera(again, (text) => failed(new Error(text)));
  const file = el("input", { type: "file", accept: `image/*,${ARRAYS}`, hidden: true, "aria-label": "Input file" });
  const take = (given: Blob, name: string): void => {
    say("The model is running…");
    give(() => Promise.resolve(given), name);
  };
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (chosen) take(chosen, chosen.name);
    file.value = "";
  });
  document.addEventListener("paste", (event) => {
    const [pasted] = event.clipboardData?.files ?? [];
    if (pasted) take(pasted, "pasted");
  });
  document.addEventListener("dragover", (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const [dropped] = event.dataTransfer?.files ?? [];
    if (!dropped) return;
    event.preventDefault();
    take(dropped, dropped.name);
  });

  const keepJob = (job: string | null): void => {
    if (job === null) window.sessionStorage.removeItem(KEPT_JOB + item.id);
    else window.sessionStorage.setItem(KEPT_JOB + item.id, job);
  };
  const explain = explainer(client, report, methods, keepJob, (found) => {
    if (!live.add(found)) {
      tell.toast("That was for an earlier input");
      return;
    }
    const { revision, panels } = store.get();
    const { method, target } = found.attribution;
    store.set({ sample: live.place, revision: revision + 1, mode: "attribution", method, target, heatLayer: null, panels: { ...panels, right: true, tab: "heat" } });
  });
  const keep = button("Keep", () => void keepIt(), { className: "small", label: "Keep in the library, as a report" });
  keep.disabled = true;
  const keepIt = async (): Promise<void> => {
    if (live.run === null) return;
    keep.disabled = true;
    const shownMethods = [...new Set(report.manifest.attributions.filter((found) => found.sample === live.place).map((found) => found.method))];
    try {
      const name = `${item.name}: ${report.sample(live.place)?.name ?? "input"}`;
      const job = await watchJob(client, await client.send<Job>("POST", `runs/${live.run}/keep`, { name, methods: shownMethods }), (now) => {
        say(OVER.has(now.state) ? HINT : `Writing… ${Math.round(now.share * 100)} %`);
      });
      if (job.state !== "done") throw new Error(job.detail ?? "It was not kept.");
      tell.toast("Kept in the library");
    } catch (error) {
      failed(error);
    }
    keep.disabled = false;
  };

  const box = el("section.live", { "aria-label": "New input" });
  const body = el(
    "div.body",
    {},
    board?.element ?? null,
    eye.element,
    el("div.row", {}, ...(board?.buttons ?? []), button("File", () => file.click(), { className: "small" }), eye.toggle),
    said,
    el("details.more", {}, el("summary", {}, "Explain what it says"), explain.element),
    el("details.more", {}, el("summary", {}, "What a channel looks for"), lookFor(client, item.id, report, store)),
  );
  const fold = button("", () => folded(body.hidden ? "open" : "closed"), { className: "opener" });
  const folded = (state: string): void => {
    body.hidden = state === "closed";
    box.dataset["state"] = state;
    fold.textContent = body.hidden ? "New input ▸" : "New input ▾";
    fold.setAttribute("aria-expanded", String(!body.hidden));
  };
  box.append(el("header", {}, fold, speed, keep), body, file);
  folded(window.matchMedia("(max-width: 760px)").matches ? "closed" : "open");
  // What is typed here is no key of the page.
  for (const name of ["keydown", "pointerdown", "wheel", "dblclick"] as const) box.addEventListener(name, (event) => event.stopPropagation());
  // Beside the scene, where there is room for it.
  const narrow = window.matchMedia("(max-width: 760px)");
  const settle = (): void => {
    const left = document.querySelector(".layers");
    if (narrow.matches || !left) view.append(box);
    else left.append(box);
  };
  narrow.addEventListener("change", settle);
  settle();
  const notes = report.manifest.samples.length === 0 ? document.querySelectorAll(".dock .note, .result .note") : [];
  for (const note of notes) note.textContent = "Give the model an input to see what each layer computes.";

  const resume = async (): Promise<void> => {
    const run = window.sessionStorage.getItem(KEPT + item.id);
    if (run !== null) {
      try {
        answered(await client.get<RunAnswer>(`runs/${run}`));
      } catch (error) {
        window.sessionStorage.removeItem(KEPT + item.id);
        if (!(error instanceof Refused)) failed(error);
      }
    }
    const job = window.sessionStorage.getItem(KEPT_JOB + item.id);
    if (job === null) return;
    try {
      explain.resume(await client.get<Job>(`jobs/${job}`));
    } catch (error) {
      keepJob(null);
      if (!(error instanceof Refused)) failed(error);
    }
  };
  explain.show(null);
  // While one thinks of an input the model gets ready; where it can't, the input will tell.
  const warm = (): void => {
    if (item.kind === "model") void client.send("POST", `items/${item.id}/warm`).catch(() => undefined);
  };
  void resume().catch(failed).then(warm);
  return {
    anew() {
      warm();
      explain.show(null);
      keep.disabled = true;
      say("The server was started anew: give the input again.");
    },
  };
}
