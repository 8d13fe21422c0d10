// Plays the forward pass, pauses it, and moves through it.

import type { Report } from "../bundle/model";
import { viewGraph } from "../layout/fold";
import { timetable, working, type Timetable } from "../layout/timetable";
import { CLOCK, playOrPause, scrub } from "../state/play";
import type { Store, ViewState } from "../state/store";
import { button, el, watch } from "./dom";
import { nameOf } from "./subject";

const made = new WeakMap<Report, { readonly unfolded: ReadonlySet<string>; readonly table: Timetable }>();

/** The timetable of what is visible. */
export function tableOf(report: Report, { unfolded }: ViewState): Timetable {
  const known = made.get(report);
  if (known?.unfolded === unfolded) return known.table;
  const table = timetable(viewGraph(report.manifest, unfolded));
  made.set(report, { unfolded, table });
  return table;
}

/** "conv_2 and 1 more": what is worked out at a time, for those who don't see it. */
function told(report: Report, table: Timetable, wave: number | null): string {
  if (wave === null) return "done";
  const [first, ...others] = working(table, wave);
  if (first === undefined) return "start";
  return others.length > 0 ? `${nameOf(report, first)} and ${others.length} more` : nameOf(report, first);
}

export function transport(report: Report, store: Store): HTMLElement {
  const play = button("", () => playOrPause(store), { className: "icon play" });
  const slider = el("input", { type: "range", min: 0, step: CLOCK.still() ? 1 : "any", "aria-label": "Place in the forward pass" });
  slider.addEventListener("input", () => scrub(store, Number(slider.value), tableOf(report, store.get()).length));
  watch(store, (s) => [s.playing, s.wave === null], ({ playing, wave }) => {
    const label = playing ? "Pause the forward pass (space)" : wave === null ? "Play the forward pass (space)" : "Go on with the forward pass (space)";
    play.textContent = playing ? "❚❚" : "▶";
    play.title = label;
    play.setAttribute("aria-label", label);
  });
  watch(store, (s) => [s.wave, s.unfolded], (state) => {
    const table = tableOf(report, state);
    slider.max = String(table.length);
    slider.value = String(state.wave ?? table.length);
    slider.setAttribute("aria-valuetext", told(report, table, state.wave));
  });
  return el("div.transport", { role: "group", "aria-label": "Forward pass" }, play, slider);
}
