import { describe, expect, it } from "vitest";
import { keepPlaying, playOrPause, scrub, type Clock } from "./play";
import { createStore, type Store } from "./store";

const LENGTH = 9;

/** A clock that goes when told to. */
function clock(still = false): Clock & { pass: (ms: number) => void; readonly waits: boolean } {
  let now = 0;
  let waiting: { run: (now: number) => void; at: number }[] = [];
  return {
    frame: (run) => void waiting.push({ run, at: 0 }),
    after: (ms, run) => void waiting.push({ run, at: now + ms }),
    still: () => still,
    get waits() {
      return waiting.length > 0;
    },
    pass(ms) {
      now += ms;
      const due = waiting.filter(({ at }) => at <= now);
      waiting = waiting.filter(({ at }) => at > now);
      for (const { run } of due) run(now);
    },
  };
}

function playing(still = false): { store: Store; time: ReturnType<typeof clock> } {
  const [store, time] = [createStore(), clock(still)];
  keepPlaying(store, () => LENGTH, time);
  return { store, time };
}

describe("the forward pass", () => {
  it("plays from its start to its end, and then nothing runs any more", () => {
    const { store, time } = playing();
    playOrPause(store);
    expect(store.get().wave).toBe(0);
    const seen: number[] = [];
    for (let i = 0; i < 400 && store.get().playing; i++) {
      time.pass(50);
      seen.push(store.get().wave ?? LENGTH);
    }
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(store.get()).toMatchObject({ wave: null, playing: false });
    time.pass(50);
    expect(time.waits).toBe(false);
  });

  it("stays where it is paused and goes on from there", () => {
    const { store, time } = playing();
    playOrPause(store);
    for (let i = 0; i < 20; i++) time.pass(50);
    playOrPause(store);
    const { wave } = store.get();
    expect(wave).toBeGreaterThan(0);
    for (let i = 0; i < 20; i++) time.pass(50);
    expect(store.get().wave).toBe(wave);
    expect(time.waits).toBe(false);
    playOrPause(store);
    time.pass(50);
    time.pass(50);
    expect(store.get().wave).toBeGreaterThan(wave ?? LENGTH);
    expect(store.get().wave).toBeLessThan((wave ?? 0) + 1);
  });

  it("is scrubbed while it plays, and is at rest at its end", () => {
    const { store, time } = playing();
    playOrPause(store);
    time.pass(50);
    scrub(store, 4.5, LENGTH);
    expect(store.get()).toMatchObject({ wave: 4.5, playing: false });
    scrub(store, LENGTH, LENGTH);
    expect(store.get().wave).toBeNull();
  });

  it("goes in whole boxes where less motion is asked for", () => {
    const { store, time } = playing(true);
    scrub(store, 2.4, LENGTH);
    playOrPause(store);
    const seen = new Set<number | null>();
    for (let i = 0; i < 50; i++) {
      time.pass(300);
      seen.add(store.get().wave);
    }
    expect([...seen]).toEqual([2.4, 3, 4, 5, 6, 7, 8, null]);
  });

  it("ends when a layer is opened, and closes one when it begins", () => {
    const { store, time } = playing();
    store.set({ selected: "conv", open: new Set(["conv"]) });
    playOrPause(store);
    expect(store.get()).toMatchObject({ selected: null, playing: true });
    time.pass(50);
    store.set({ selected: "pool", open: new Set(["pool"]) });
    expect(store.get()).toMatchObject({ wave: null, playing: false });
  });
});
