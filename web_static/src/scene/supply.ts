// Fetches the blobs that closed faces and heat maps are drawn from, for the sample that is looked at.

import { allFeatures } from "../bundle/features";
import type { Report } from "../bundle/model";
import type { Store, ViewState } from "../state/store";
import { Stock } from "./stock";

/** Bytes of thumbnails of samples that are kept when others are looked at. */
const LIMIT = 48e6;

export class Supply {
  readonly stock = new Stock();
  #sample = -1;
  #revision = 0;

  constructor(readonly report: Report, readonly store: Store) {}

  /** The sample whose blobs are here; until the first are, the one that is asked for. */
  sample(state: ViewState): number {
    return this.#sample < 0 ? state.sample : this.#sample;
  }

  /** False where something newer has been asked for since. */
  async fetch({ sample, mode, method, target, revision }: ViewState): Promise<boolean> {
    const { report, stock } = this;
    const shown = report.sample(sample);
    const refs = [...(shown?.activations.flatMap(({ thumb, side }) => [thumb, side]) ?? []), ...(shown?.pictures.map(({ tensor }) => tensor) ?? [])];
    if (mode === "attribution" && method !== null) {
      const info = report.heat({ method, sample, target });
      refs.push(...[...(info?.inputs ?? []), ...(info?.layers ?? [])].map(({ tensor }) => tensor));
    }
    if (mode === "features") refs.push(...allFeatures(report).map(({ pictures }) => pictures));
    // What a live model said before is not looked at again.
    const anew = revision !== this.#revision || (stock.size > LIMIT && sample !== this.#sample);
    const blobs = [...new Set(refs.flatMap((ref) => (ref && (anew || !stock.has(ref.blob)) ? [ref.blob] : [])))];
    const fetched = await Promise.all(blobs.map(async (blob) => [blob, await report.source.blob(blob)] as const));
    if (anew) stock.clear();
    this.#revision = revision;
    for (const [blob, bytes] of fetched) if (!stock.has(blob)) stock.add(blob, bytes);
    if (this.store.get().revision !== revision) return false;
    if (this.store.get().sample === sample) this.#sample = sample;
    return true;
  }
}
