// The manifest's text to a Manifest.

import type { Manifest } from "./manifest.gen";
import { SourceError } from "./source";

/** The version of the manifest's schema that this page reads; see FORMAT in manifest.py. */
export const FORMAT = 1;

/** Throws SourceError for text that is no manifest of this format. */
export function parseManifest(text: string): Manifest {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new SourceError("This file is damaged: its manifest is not JSON. Export it again.");
  }
  const format = typeof data === "object" && data !== null && "format" in data ? data.format : undefined;
  if (format !== FORMAT) {
    throw new SourceError(`This bundle has format ${JSON.stringify(format ?? null)}; this page reads format ${FORMAT}.`);
  }
  return data as Manifest;
}
