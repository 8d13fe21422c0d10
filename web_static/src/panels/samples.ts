// The strip of samples: small pictures of the inputs, or their names where there is no picture.

import type { Report } from "../bundle/model";
import { inputsOf, momentAt, sampleAt } from "../bundle/moments";
import { chooseSample } from "../state/actions";
import type { Store } from "../state/store";
import { button, el, watch } from "./dom";
import { drawPicture } from "./picture";

/** Names without what they all begin with, where that leaves something of each: "digits 1", "digits 2" become 1, 2. */
export function shortNames(names: readonly string[]): readonly string[] {
  const [first = ""] = names;
  let shared = 0;
  while (shared < first.length && names.every((name) => name[shared] === first[shared])) shared++;
  // Only whole words go.
  while (shared > 0 && !/[\s_./-]/.test(first[shared - 1] ?? "")) shared--;
  const short = names.map((name) => name.slice(shared));
  return names.length > 1 && short.every((name) => name.length > 0) ? short : names;
}

/** A radio group; arrow keys go from sample to sample. */
export function samples(report: Report, store: Store): HTMLElement {
  const strip = el("div.samples", { role: "radiogroup", "aria-label": "Sample" });
  const inputs = report.manifest.samples.slice(0, inputsOf(report.manifest));
  const names = shortNames(inputs.map((sample) => sample.name));
  /** The same input at the moment that is shown, of a training that was recorded. */
  const now = (index: number): number => sampleAt(report.manifest, index, momentAt(report.manifest, store.get().sample));
  const buttons = inputs.map((sample, index) => {
    const item = el("button.sample", { type: "button", role: "radio", title: sample.name, "aria-label": sample.name });
    const picture = sample.pictures[0];
    if (picture) {
      const canvas = el("canvas", { "aria-hidden": "true" });
      item.append(canvas);
      let drawn: unknown = null;
      // A live model's input is another one each time.
      watch(store, () => [], () => {
        const now = report.sample(index);
        if (!now?.pictures[0] || now === drawn) return;
        drawn = now;
        void drawPicture(canvas, report, now.pictures[0].tensor);
      });
    } else {
      item.classList.add("named");
      item.append(el("span", {}, names[index] ?? sample.name));
    }
    item.addEventListener("click", () => chooseSample(store, report, now(index)));
    return item;
  });
  strip.append(...buttons);
  const show = (): void => buttons[store.get().sample % inputs.length]?.scrollIntoView({ block: "nearest", inline: "nearest" });
  // A narrower strip has other rows.
  new ResizeObserver(show).observe(strip);
  const box = el("div.strip", {}, strip, more(strip, buttons));
  strip.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = (store.get().sample % inputs.length) + step;
    if (next < 0 || next >= inputs.length) return;
    chooseSample(store, report, now(next));
    buttons[next]?.focus();
  });
  watch(store, (state) => [state.sample], ({ sample }) => {
    buttons.forEach((item, index) => {
      const chosen = index === sample % inputs.length;
      item.setAttribute("aria-checked", String(chosen));
      item.tabIndex = chosen ? 0 : -1;
    });
    if (strip.isConnected) show();
  });
  return box;
}

/** "+5": how many samples do not fit in the row that is shown; shows the next row. */
function more(strip: HTMLElement, buttons: readonly HTMLElement[]): HTMLElement {
  const rest = button("", () => {
    const atEnd = strip.scrollTop + strip.clientHeight >= strip.scrollHeight - 1;
    strip.scrollTo({ top: atEnd ? 0 : strip.scrollTop + strip.clientHeight });
  }, { className: "rest" });
  const count = (): void => {
    const end = strip.scrollTop + strip.clientHeight;
    const hidden = strip.clientHeight > 0 ? buttons.filter((item) => item.offsetTop >= end).length : 0;
    rest.hidden = strip.scrollHeight <= strip.clientHeight + 1;
    rest.textContent = hidden > 0 ? `+${hidden}` : "‹";
    rest.setAttribute("aria-label", hidden > 0 ? `${hidden} more samples` : "Back to the first samples");
  };
  strip.addEventListener("scroll", count);
  new ResizeObserver(count).observe(strip);
  return rest;
}
