// Layers that show all of their channels: each has a quad with textures of its own, made when its blob has come.

import type { Report } from "../bundle/model";
import { NAN_CODE, NEGATIVE_INFINITY_CODE, POSITIVE_INFINITY_CODE, size, type Tensor } from "../bundle/tensor";
import { shownRange } from "../colour/value";
import type { Grid } from "../forms/form";
import { FORMS } from "../forms/index";
import type { ViewNode } from "../layout/fold";
import type { Pose } from "../layout/types";
import type { ViewState } from "../state/store";
import { Faces, SHEETS_WIDE, type Shared } from "./faces";
import { MODE } from "./faceshader";
import { kindColour, maskOf } from "./painter";
import { NO_DECK } from "./params";

export interface Opened {
  readonly node: ViewNode;
  readonly sample: number;
  readonly tensor: Tensor;
  readonly faces: Faces;
  grid: Grid;
  reduced: boolean;
  /** The shape before reduction. */
  readonly source: readonly number[] | null;
}

function joined(codes: Uint8Array, mask: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(codes.length + mask.length);
  all.set(codes);
  all.set(mask, codes.length);
  return all;
}

/** Codes, behind them the mask, and pairs of scale and zero of any tensor: a float value becomes code 1 of a scale of its own. */
function bytesOf(tensor: Tensor, mask: Uint8Array): { codes: Uint8Array<ArrayBuffer>; pairs: Float32Array<ArrayBuffer> } {
  const { codes, values, scale, zero } = tensor;
  if (values) {
    const codeOf = (value: number): number =>
      Number.isNaN(value) ? NAN_CODE : value === Infinity ? POSITIVE_INFINITY_CODE : value === -Infinity ? NEGATIVE_INFINITY_CODE : 1;
    const pairs = new Float32Array(values.length * 2);
    values.forEach((value, i) => (pairs[i * 2] = Number.isFinite(value) ? value : 0));
    return { codes: joined(Uint8Array.from(values, codeOf), mask), pairs };
  }
  const pairs = new Float32Array((scale?.length ?? 0) * 2);
  scale?.forEach((value, i) => pairs.set([value, zero?.[i] ?? 0], i * 2));
  return { codes: joined(codes ?? new Uint8Array(), mask), pairs };
}

export class OpenLayers {
  readonly #open = new Map<string, Opened>();
  readonly #wanted = new Map<string, Promise<void>>();

  constructor(
    readonly report: Report,
    readonly shared: Shared,
    readonly added: (opened: Opened) => void,
    readonly removed: (opened: Opened) => void,
  ) {}

  get(id: string): Opened | undefined {
    return this.#open.get(id);
  }

  all(): Iterable<Opened> {
    return this.#open.values();
  }

  /** Opens these and closes all others. Resolves when all that can be shown is there. */
  async show(nodes: readonly ViewNode[], sample: number, poseOf: (id: string) => Pose | undefined): Promise<void> {
    const keyOf = (node: ViewNode): string => `${sample} ${node.id} ${node.shows} ${this.report.activation(sample, node.shows)?.tensor?.blob ?? ""}`;
    const keys = new Set(nodes.map(keyOf));
    for (const [id, opened] of [...this.#open]) {
      // Until a live model's new values are there, the old ones stay.
      if (opened.sample === sample && nodes.some((node) => node.id === id && node.shows === opened.node.shows)) continue;
      this.#open.delete(id);
      this.removed(opened);
      opened.faces.dispose();
    }
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
  }

  async #load(node: ViewNode, sample: number, key: string, poseOf: (id: string) => Pose | undefined): Promise<void> {
    const ref = this.report.activation(sample, node.shows)?.tensor;
    if (!ref) return;
    const masking = this.report.activation(sample, node.shows)?.mask ?? null;
    const [tensor, mask] = await Promise.all([this.report.tensor(ref), masking && this.report.tensor(masking)]);
    const pose = poseOf(node.id);
    // Closed again before it came.
    if (!this.#wanted.has(key) || !pose) return;
    const old = this.#open.get(node.id);
    if (old) {
      this.removed(old);
      old.faces.dispose();
    }
    const faces = new Faces(this.shared, false);
    const { codes, pairs } = bytesOf(tensor, mask?.codes ?? new Uint8Array());
    faces.data(codes, pairs);
    const grid = FORMS[node.form].grid(tensor.shape, pose.width / pose.height, "all");
    const opened = { node, sample, tensor, faces, grid, reduced: ref.source !== null, source: ref.source };
    this.#open.set(node.id, opened);
    this.added(opened);
  }

  /** Colours and places as they are to be now. */
  refresh(state: ViewState, poseOf: (id: string) => Pose | undefined, startOf: (id: string) => number): void {
    for (const opened of this.#open.values()) {
      const { node, tensor, faces } = opened;
      const [pose, activation] = [poseOf(node.id), this.report.activation(opened.sample, node.shows)];
      if (!pose || !activation) continue;
      opened.grid = FORMS[node.form].grid(tensor.shape, pose.width / pose.height, "all");
      const range = shownRange(state, activation.summary);
      faces.paint([{
        mode: opened.grid.curves ? MODE.curves : MODE.values, grid: opened.grid, codes: 0, quants: 0, end: state.range === "channel" ? 0 : range.high,
        clamp: tensor.clamp, signed: range.low < 0, mask: maskOf(activation, size(tensor.shape)), map: null, heat: null, opacity: 0, tint: 0, deck: NO_DECK, kind: kindColour(node, state.theme), mixed: false, start: startOf(node.id),
      }], new Uint8Array(SHEETS_WIDE * 4));
      this.move(node.id, pose);
    }
  }

  move(id: string, pose: Pose): void {
    this.#open.get(id)?.faces.move([pose], () => false);
  }

  dispose(): void {
    for (const { faces } of this.#open.values()) faces.dispose();
    this.#open.clear();
    this.#wanted.clear();
  }
}
