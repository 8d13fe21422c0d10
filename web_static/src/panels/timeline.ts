// The slider through a training that was recorded: the same input, seen by the model as it was after each epoch.

import type { Manifest, Moment } from "../bundle/manifest.gen";
import type { Report } from "../bundle/model";
import { healthAt, momentAt, momentsOf, sampleAt, weightsAt } from "../bundle/moments";
import { chooseSample } from "../state/actions";
import type { Store } from "../state/store";
import { button, el, watch } from "./dom";
import type { Subject } from "./subject";
import { plural, valueText } from "../words/format";

/** Milliseconds that each moment is shown while the training plays. */
const BEAT = 700;
const MOST_MEASURES = 2;

/** A layer or block as it was when a sample was taken. */
export function atMoment(manifest: Manifest, sample: number, subject: Subject): Subject {
  if (momentsOf(manifest).length === 0) return subject;
  const nodes = subject.members.length > 0 ? subject.members : [subject.id];
  return {
    ...subject,
    weights: weightsAt(manifest, sample, subject.weights),
    health: healthAt(manifest, sample, nodes, subject.health),
  };
}

/** "after 3 epochs", and what the training told then. */
export function momentText({ epoch, measures }: Moment): string {
  const when = epoch === 0 ? "before training" : `after ${plural(epoch, "epoch")}`;
  return [when, ...measures.slice(0, MOST_MEASURES).map(({ name, value }) => `${name} ${valueText(value)}`)].join(" · ");
}

export function timeline(report: Report, store: Store): HTMLElement {
  const { manifest } = report;
  const moments = momentsOf(manifest);
  let timer: ReturnType<typeof setInterval> | null = null;
  const now = (): number => momentAt(manifest, store.get().sample);
  const go = (moment: number): void => chooseSample(store, report, sampleAt(manifest, store.get().sample, moment));
  const play = button("", () => (timer === null ? start() : stop()), { className: "icon play" });
  const slider = el("input", { type: "range", min: 0, max: moments.length - 1, step: 1, "aria-label": "Moment of the training" });
  const text = el("span.what");
  slider.addEventListener("input", () => {
    stop();
    go(Number(slider.value));
  });
  const say = (): void => {
    const label = timer === null ? "Play the training" : "Pause the training";
    play.textContent = timer === null ? "▶" : "❚❚";
    play.title = label;
    play.setAttribute("aria-label", label);
  };
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
    say();
  };
  const start = (): void => {
    if (now() === moments.length - 1) go(0);
    timer = setInterval(() => {
      go(now() + 1);
      if (now() === moments.length - 1) stop();
    }, BEAT);
    say();
  };
  watch(store, (s) => [momentAt(manifest, s.sample)], () => {
    const moment = moments[now()];
    slider.value = String(now());
    text.textContent = moment ? momentText(moment) : "";
    slider.setAttribute("aria-valuetext", text.textContent);
  });
  say();
  return el("div.timeline", { role: "group", "aria-label": "Training" }, play, slider, text);
}
