// What the pointer means: what it is over, and what a click there does.

import type { Report } from "../bundle/model";
import { chooseCell } from "../state/actions";
import type { Store } from "../state/store";
import { ownIndex } from "./origin";
import type { Placing } from "./placing";
import type { Pointed, Pointing } from "./pointing";
import type { Values } from "./values";

const NONE: ReadonlySet<string> = new Set();

export class Pointer {
  /** What is under it. */
  over: Pointed | null = null;

  /** The host hears what is under it as an event; `changed` is called when that is another thing. */
  constructor(
    readonly host: HTMLElement,
    readonly canvas: HTMLElement,
    readonly report: Report,
    readonly store: Store,
    readonly placing: Placing,
    readonly pointing: Pointing,
    readonly values: Values,
    readonly changed: () => void,
  ) {}

  hover(x: number, y: number): void {
    const found = this.pointing.under(x, y, this.store.get());
    this.canvas.style.cursor = found ? "pointer" : "";
    const key = (at: typeof found): string => JSON.stringify(at ? [at.under.node, at.cell] : null);
    if (key(found) !== key(this.over)) this.#put(found);
  }

  leave(): void {
    if (this.over) this.#put(null);
  }

  #put(found: Pointed | null): void {
    this.over = found;
    this.changed();
    this.store.set({ hovered: found?.under.node ?? null });
    this.host.dispatchEvent(new CustomEvent("hover", { detail: found?.under ?? null }));
  }

  click(x: number, y: number): void {
    const found = this.pointing.under(x, y, this.store.get());
    const { focus } = this.placing;
    if (!found) {
      if (focus !== null) this.store.set({ selected: null, open: NONE, channel: null, cell: null });
      return;
    }
    const { node, channel } = found.under;
    if (node === focus) this.#pick(found, channel);
    else this.store.set({ selected: node, open: new Set([node]), channel: null, cell: null });
    if (focus !== node) this.leave();
  }

  /** A click on a cell of the opened layer asks where its value comes from. */
  #pick({ under, cell }: Pointed, channel: number | null): void {
    const face = this.pointing.face(under.node, this.store.get());
    const node = this.report.node(under.shows);
    const { selected } = this.store.get();
    if (!cell || !node || !face?.opened || selected === null || under.index.length === 0) this.store.set({ channel });
    else chooseCell(this.store, selected, { node: node.id, index: ownIndex(node, under.index, face.opened.tensor.shape, face.opened.source) }, channel);
  }

  /** Moves the chosen cell over the face of the opened layer. */
  step(right: number, down: number, maps: number): void {
    const state = this.store.get();
    const { focus } = this.placing;
    const found = focus === null ? null : this.pointing.face(focus, state);
    this.leave();
    const value = found && this.values.of(found, this.over, state);
    const next = value && this.values.beside(found, value, right, down, maps);
    if (next && state.selected !== null) chooseCell(this.store, state.selected, { node: value.node.id, index: next.index }, next.channel);
  }
}
