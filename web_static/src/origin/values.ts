// One output of a run and one layer's weights, value by value, with how exactly each is stored.

import type { NodeInfo, Weight } from "../bundle/manifest.gen";
import { codeValue, size, type Tensor } from "../bundle/tensor";
import { exactly, within, type Known } from "./known";
import { ravel, toStored, type Index } from "./places";

const LISTED = 8;

/** Why a sum can't be told, in one sentence. */
export class Untold extends Error {
  override readonly name = "Untold";
}

/** A stored value. What a clamp has cut off is known as exactly as the clamp. */
function read(tensor: Tensor, place: number): Known {
  const { codes, values, scale, clamp } = tensor;
  if (values) {
    const value = values[place] ?? NaN;
    return exactly(clamp ? Math.min(clamp.high, Math.max(clamp.low, value)) : value);
  }
  const channel = Math.floor(place / (size(tensor.shape) / (tensor.shape[0] ?? 1)));
  const value = codeValue(tensor, channel, codes?.[place] ?? NaN);
  const half = scale ? Math.abs(scale[channel] ?? 0) / 2 : 0;
  if (!clamp) return within(value, half);
  const raw = codeValue({ ...tensor, clamp: null }, channel, codes?.[place] ?? NaN);
  const held = (x: number): number => Math.min(clamp.high, Math.max(clamp.low, x));
  return within(value, Math.max(held(raw + half) - value, value - held(raw - half)));
}

export class Values {
  constructor(readonly node: NodeInfo, readonly tensor: Tensor) {}

  at(index: Index): Known {
    return read(this.tensor, ravel(toStored(this.node, index, this.tensor.shape), this.tensor.shape));
  }
}

export class Kernel {
  readonly #places: ReadonlyMap<number, number> | null;

  constructor(readonly weight: Weight, readonly tensor: Tensor) {
    this.#places = weight.kept ? new Map(weight.kept.map((channel, place) => [channel, place])) : null;
  }

  /** Throws Untold where the weights of this filter or unit are not in the file, and says whose are. */
  need(channel: number): void {
    if (this.has(channel)) return;
    const kept = this.weight.kept ?? [];
    const listed = kept.length === 0 ? "" : ` Here are those of ${kept.slice(0, LISTED).join(", ")}${kept.length > LISTED ? " and others" : ""}.`;
    throw new Untold(`The weights of channel ${channel} are not in the file: export with --weights-in-page all, or --full.${listed}`);
  }

  /** Whether all weights of this filter or unit are there. */
  has(channel: number): boolean {
    return this.#places ? this.#places.has(channel) : this.weight.tensor?.source === null;
  }

  /** An index in stored order; that of the filter (first) or unit (last) is the model's own. */
  at(index: Index): Known {
    const places = this.#places;
    if (!places) return read(this.tensor, ravel(index, this.tensor.shape));
    const axis = index.length > 2 ? 0 : index.length - 1;
    const place = places.get(index[axis] ?? -1);
    if (place === undefined) this.need(index[axis] ?? 0);
    return read(this.tensor, ravel(index.map((one, i) => (i === axis ? (place ?? 0) : one)), this.tensor.shape));
  }

  /** As `at`, for a variable whose axes of size 1 are repeated, aligned at the end. */
  spread(index: Index): Known {
    const { shape } = this.tensor;
    return this.at(shape.map((side, axis) => (side === 1 ? 0 : (index[index.length - shape.length + axis] ?? 0))));
  }
}
