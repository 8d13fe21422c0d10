// The one place where what the person sees is kept. Panels and the scene read it and ask it to change.

import type { Kind } from "../bundle/manifest.gen";

export type Mode = "activations" | "kernels" | "features" | "attribution";
export type Sign = "signed" | "absolute";
export type Theme = "dark" | "light";
export type SheetTab = "result" | "layers" | "layer" | "heat";

/** A camera against the one that shows all: degrees, how many times nearer, and how far its target is, in scene units. */
export interface Eye {
  readonly yaw: number;
  readonly pitch: number;
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export interface ViewState {
  readonly sample: number;
  /** Grows when a live model has put something new into the report. */
  readonly revision: number;
  /** Id of the node, group or block that the inspector tells about. */
  readonly selected: string | null;
  /** Ids that are drawn as all of their channels. */
  readonly open: ReadonlySet<string>;
  /** Blocks whose members stand on the shelf one by one. */
  readonly unfolded: ReadonlySet<string>;
  readonly hovered: string | null;
  readonly channel: number | null;
  /** Of an opened volume the one slice that is shown of each channel; null shows all. */
  readonly slice: number | null;
  /** The value whose origin is told: a node and the index of a cell in its own order, see state/cell.ts. */
  readonly cell: string | null;
  readonly mode: Mode;
  readonly method: string | null;
  readonly target: number | null;
  readonly heatLayer: string | null;
  readonly opacity: number;
  /** Of maps with a sign: both sides in their own colours, or how much by size alone. */
  readonly sign: Sign;
  /** Whether colours run over a layer's range, over each channel's own, or to the same value everywhere. */
  readonly range: "layer" | "channel" | "fixed";
  /** Where a fixed range ends, above zero. */
  readonly fixed: number;
  readonly theme: Theme;
  /** How far the forward pass is shown, in boxes of layout/timetable.ts; null at rest, with all of it done. */
  readonly wave: number | null;
  readonly playing: boolean;
  /** Whether the hint for the first click is still shown. */
  readonly hint: boolean;
  /** Kinds that the layer list is filtered by; empty shows all. */
  readonly kinds: ReadonlySet<Kind>;
  /** Whether the list shows only layers with a health mark. */
  readonly ill: boolean;
  /** Where the person has moved the camera, null for the view that the picture starts with. */
  readonly eye: Eye | null;
  readonly panels: { readonly left: boolean; readonly right: boolean; readonly dock: boolean; readonly tab: SheetTab };
}

export type Listener = (state: ViewState, before: ViewState) => void;

export interface Store {
  get(): ViewState;
  set(patch: Partial<ViewState>): void;
  /** Calls the listener after each change; returns what stops that. */
  subscribe(listener: Listener): () => void;
}

export const START: ViewState = {
  sample: 0,
  revision: 0,
  selected: null,
  open: new Set(),
  unfolded: new Set(),
  hovered: null,
  channel: null,
  slice: null,
  cell: null,
  mode: "activations",
  method: null,
  target: null,
  heatLayer: null,
  opacity: 0.8,
  sign: "signed",
  range: "layer",
  fixed: 1,
  theme: "dark",
  wave: null,
  playing: false,
  hint: true,
  kinds: new Set(),
  ill: false,
  eye: null,
  panels: { left: true, right: true, dock: true, tab: "result" },
};

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Set && b instanceof Set) return a.size === b.size && [...a].every((item) => b.has(item));
  return Object.is(a, b);
}

export function createStore(start: Partial<ViewState> = {}): Store {
  let state: ViewState = { ...START, ...start };
  const listeners = new Set<Listener>();
  let telling = false;
  return {
    get: () => state,
    set(patch) {
      const changed = (Object.keys(patch) as (keyof ViewState)[]).some((key) => !same(state[key], patch[key]));
      if (!changed) return;
      let before = state;
      state = { ...state, ...patch };
      // A listener may change the state again: all are told of the first change first, then of what came of it.
      if (telling) return;
      telling = true;
      try {
        while (before !== state) {
          const now = state;
          for (const listener of [...listeners]) listener(now, before);
          before = now;
        }
      } finally {
        telling = false;
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
