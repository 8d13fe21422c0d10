// A small bundle for tests: one conv over one sample, its bytes deflated as the exporter does.

import { deflateRawSync } from "node:zlib";
import { chain } from "../layout/samples";
import type { Manifest, Summary } from "./manifest.gen";

export function summary(values: Partial<Summary> = {}): Summary {
  return { count: 4, min: 0, max: 3, mean: 1.5, std: 1, zeros: 0.25, nan: 0, inf: 0, histogram: [1, 1, 1, 1], ...values };
}

export const BYTES = Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 251);

export function deflated(bytes: Uint8Array = BYTES): Uint8Array<ArrayBuffer> {
  return new Uint8Array(deflateRawSync(bytes));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Blobs "a" and "b" hold BYTES. */
export function manifest(): Manifest {
  const size = BYTES.length;
  return { ...chain(["image:input", "conv:conv", "out:dense"]), blobs: ["a", "b"].map((id) => ({ id, size, stored: deflated().length })) };
}
