// Where a bundle's bytes come from. Everything else sees only this interface.

import type { Manifest, Weight } from "./manifest.gen";

export interface Source {
  readonly manifest: Manifest;
  /** The inflated bytes of a blob. Rejects with SourceError where the bundle is cut short or damaged. */
  blob(id: string): Promise<Uint8Array>;
  /** Where a live model can be asked: a layer's weights, of large ones whole filters, that of a channel among them. */
  readonly weights?: (node: string, channel: number, sample: number) => Promise<readonly Weight[] | null>;
}

export interface Opened {
  readonly source: Source;
  /** Resolves when all of the bundle is known to be there, rejects with SourceError where it is cut short. */
  readonly whole: Promise<void>;
  /** How much of it is there, 0..1. */
  readonly share: () => number;
}

/** A bundle that cannot be read. Its message is made to be read by the person who opened the page. */
export class SourceError extends Error {
  override readonly name = "SourceError";
}
