// The forward pass as a wave: played, paused, scrubbed. Time counts boxes, see layout/timetable.ts.

import type { Store, ViewState } from "./store";

const NOTHING: ReadonlySet<string> = new Set();
/** Boxes a second, and the longest that a whole pass may take, in seconds. */
const PACE = 1.8;
const LONGEST = 16;
/** Milliseconds that a step stands where motion is to be avoided. */
const STEP_MS = 700;

/** What time is read from; tests bring their own. */
export interface Clock {
  /** Calls back with milliseconds: at the next frame, or after a time. */
  readonly frame: (run: (now: number) => void) => void;
  readonly after: (ms: number, run: () => void) => void;
  /** Whether the person asked for less motion. */
  readonly still: () => boolean;
}

export const CLOCK: Clock = {
  frame: (run) => void requestAnimationFrame(run),
  after: (ms, run) => void setTimeout(run, ms),
  still: () => window.matchMedia("(prefers-reduced-motion: reduce)").matches,
};

/** Plays from where the wave stands, or pauses it. A layer that faces the person goes back to its place first. */
export function playOrPause(store: Store): void {
  const { playing, wave, open, selected } = store.get();
  if (playing) {
    store.set({ playing: false });
    return;
  }
  const focused = open.size === 1 && selected !== null;
  store.set({ playing: true, wave: wave ?? 0, hint: false, ...(focused ? { selected: null, open: NOTHING, channel: null } : {}) });
}

/** Puts the wave to a time and leaves it there; its end is the picture at rest. */
export function scrub(store: Store, time: number, length: number): void {
  store.set({ playing: false, wave: time >= length ? null : Math.max(0, time), hint: false });
}

/** Moves the wave on while it is played. `length` gives the time at which all is done. */
export function keepPlaying(store: Store, length: (state: ViewState) => number, clock: Clock = CLOCK): void {
  let running = false;
  const forward = (by: number): void => {
    const state = store.get();
    const [time, end] = [(state.wave ?? 0) + by, length(state)];
    store.set(time >= end ? { wave: null, playing: false } : { wave: time });
  };
  const next = (before: number | null): void => {
    if (!store.get().playing) {
      running = false;
    } else if (clock.still()) {
      clock.after(STEP_MS, () => {
        // Whole boxes, wherever it was scrubbed to.
        if (store.get().playing) forward(Math.floor(store.get().wave ?? 0) + 1 - (store.get().wave ?? 0));
        next(null);
      });
    } else {
      clock.frame((now) => {
        const pace = Math.max(PACE, length(store.get()) / LONGEST);
        if (before !== null && store.get().playing) forward((Math.min(100, now - before) / 1000) * pace);
        next(now);
      });
    }
  };
  store.subscribe((now, before) => {
    // Whoever opens a layer wants to see it.
    if (now.selected !== before.selected && now.selected !== null && now.wave !== null) store.set({ wave: null, playing: false });
    if (now.playing && !running) {
      running = true;
      next(null);
    }
  });
}
