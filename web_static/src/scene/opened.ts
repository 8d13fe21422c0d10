// Layers that show all of their channels. Their blobs come one after another; what is there is drawn in few batches.

import type { Report } from "../bundle/model";
import { size } from "../bundle/tensor";
import { shownRange } from "../colour/value";
import { FORMS } from "../forms/index";
import type { ViewNode } from "../layout/fold";
import type { Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import { Batch, bytesOf, packed, type Opened } from "./batch";
import type { Shared } from "./faces";
import { MODE } from "./faceshader";
import { kindColour, maskOf } from "./painter";
import { NO_DECK } from "./params";

export type { Opened } from "./batch";

/** Milliseconds between two pictures while many layers come. */
const PACE = 200;

/** Where the meshes of open layers are drawn. */
interface Place {
  readonly add: (mesh: Batch["faces"]["mesh"]) => void;
  readonly remove: (mesh: Batch["faces"]["mesh"]) => void;
}

export class OpenLayers {
  /** What is drawn, and what has come since. */
  readonly #open = new Map<string, Opened>();
  readonly #fresh = new Map<string, Opened>();
  readonly #wanted = new Map<string, Promise<void>>();
  #batches: Batch[] = [];
  #telling: ReturnType<typeof setTimeout> | undefined;

  /** `came` is called when there is something new to draw. */
  constructor(readonly report: Report, readonly shared: Shared, readonly place: Place, readonly curves: boolean, readonly came: () => void) {}

  get(id: string): Opened | undefined {
    return this.#open.get(id);
  }

  /** Opens these and closes all others. Resolves when all that can be shown is there. */
  async show(nodes: readonly ViewNode[], sample: number, poseOf: (id: string) => Pose | undefined): Promise<void> {
    const keyOf = (node: ViewNode): string => `${sample} ${node.id} ${node.shows} ${this.report.activation(sample, node.shows)?.tensor?.blob ?? ""}`;
    const keys = new Set(nodes.map(keyOf));
    const byId = new Map(nodes.map((node) => [node.id, node]));
    for (const layers of [this.#open, this.#fresh]) {
      // Until a live model's new values are there, the old ones stay.
      for (const [id, opened] of [...layers]) if (opened.sample !== sample || byId.get(id)?.shows !== opened.node.shows) layers.delete(id);
    }
    this.#pack();
    for (const key of [...this.#wanted.keys()]) if (!keys.has(key)) this.#wanted.delete(key);
    await Promise.all(nodes.map((node) => {
      const key = keyOf(node);
      const known = this.#wanted.get(key) ?? this.#load(node, sample, key, poseOf).catch((error: unknown) => {
        this.#wanted.delete(key);
        throw error;
      });
      this.#wanted.set(key, known);
      return known;
    }));
    this.#take();
  }

  async #load(node: ViewNode, sample: number, key: string, poseOf: (id: string) => Pose | undefined): Promise<void> {
    const ref = this.report.activation(sample, node.shows)?.tensor;
    if (!ref) return;
    const masking = this.report.activation(sample, node.shows)?.mask ?? null;
    const [tensor, mask] = await Promise.all([this.report.tensor(ref), masking && this.report.tensor(masking)]);
    const pose = poseOf(node.id);
    // Closed again before it came.
    if (!this.#wanted.has(key) || !pose) return;
    const grid = FORMS[node.form].grid(tensor.shape, pose.width / pose.height, "all");
    this.#fresh.set(node.id, { node, sample, tensor, grid, reduced: ref.source !== null, source: ref.source, ...bytesOf(tensor, mask?.codes ?? null) });
    this.#telling ??= setTimeout(() => this.#take(), PACE);
  }

  /** Draws from now on what has come. */
  #take(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#fresh.size === 0) return;
    for (const [id, opened] of this.#fresh) this.#open.set(id, opened);
    this.#fresh.clear();
    this.#pack();
  }

  /** Batches whose layers are still the same stay. */
  #pack(): void {
    const old = new Set(this.#batches);
    this.#batches = packed([...this.#open.values()]).map((layers) => {
      const known = [...old].find((batch) => batch.holds(layers));
      if (known) old.delete(known);
      return known ?? this.#batch(layers);
    });
    for (const batch of old) {
      this.place.remove(batch.faces.mesh);
      batch.dispose();
    }
  }

  #batch(layers: readonly Opened[]): Batch {
    const made = new Batch(this.shared, layers, this.curves);
    this.place.add(made.faces.mesh);
    this.came();
    return made;
  }

  /** Colours and places as they are to be now. */
  refresh(state: ViewState, poseOf: (id: string) => Pose | undefined, startOf: (id: string) => number): void {
    for (const batch of this.#batches) {
      batch.paint((opened, begin) => {
        const { node, tensor } = opened;
        const [pose, activation] = [poseOf(node.id), this.report.activation(opened.sample, node.shows)];
        if (pose) opened.grid = FORMS[node.form].grid(tensor.shape, pose.width / pose.height, "all", state.open.size === 1 ? state.slice : null);
        const range = activation ? shownRange(state, activation.summary) : { low: 0, high: 1 };
        return {
          mode: opened.grid.curves ? MODE.curves : MODE.values, grid: opened.grid, codes: begin.codes, quants: begin.pairs, end: state.range === "channel" ? 0 : range.high,
          clamp: tensor.clamp, signed: range.low < 0, mask: activation ? maskOf(activation, begin.codes + size(tensor.shape)) : null, map: null, heat: null, opacity: 0,
          tint: 0, deck: NO_DECK, kind: kindColour(node, state.theme), mixed: false, start: startOf(node.id),
        };
      });
    }
    this.move(poseOf);
  }

  move(poseOf: (id: string) => Pose | undefined): void {
    for (const batch of this.#batches) batch.move(poseOf);
  }

  dispose(): void {
    clearTimeout(this.#telling);
    for (const batch of this.#batches) batch.dispose();
    this.#batches = [];
    this.#open.clear();
    this.#fresh.clear();
    this.#wanted.clear();
  }
}
