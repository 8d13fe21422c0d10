// What layers look for, where the file holds it.

import type { Atlas, Feature } from "./manifest.gen";
import type { Report } from "./model";

export function allFeatures(report: Report): readonly Feature[] {
  return (report.manifest as { readonly features?: readonly Feature[] }).features ?? [];
}

/** What the file holds of a layer, or of the last of the layers that a box stands for. */
export function featureOf(report: Report, ids: readonly string[]): Feature | null {
  const all = allFeatures(report);
  return [...ids].reverse().map((id) => all.find((item) => item.node === id)).find((item) => item !== undefined) ?? null;
}

/** The atlas of a layer, or of the last of the layers that a box stands for, where the file holds one. */
export function atlasOf(report: Report, ids: readonly string[]): Atlas | null {
  const all = (report.manifest as { readonly atlases?: readonly Atlas[] }).atlases ?? [];
  return [...ids].reverse().map((id) => all.find((item) => item.node === id)).find((item) => item !== undefined) ?? null;
}
