// Every rule against the model's own values: bundles made by tests/originmodels.py, in which nothing is rounded.

import { readFileSync } from "node:fs";
import { inflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Manifest } from "../bundle/manifest.gen";
import { Report } from "../bundle/model";
import { parseManifest } from "../bundle/parse";
import { explain, type Part } from "./explain";
import { unravel } from "./places";

interface Fixture {
  readonly manifest: Manifest;
  readonly blobs: Readonly<Record<string, string>>;
}

const FIXTURES = JSON.parse(readFileSync(new URL("fixtures.json", import.meta.url), "utf8")) as Readonly<Record<string, Fixture>>;
const CELLS = 40;

function reportOf({ manifest, blobs }: Fixture): Report {
  const inflated = new Map(Object.entries(blobs).map(([id, text]) => [id, new Uint8Array(inflateRawSync(Buffer.from(text, "base64")))]));
  return new Report({
    manifest: parseManifest(JSON.stringify(manifest)),
    blob: (id) => {
      const bytes = inflated.get(id);
      return bytes ? Promise.resolve(bytes) : Promise.reject(new Error(`no blob ${id}`));
    },
  });
}

/** Cells spread over an output, its corners among them. */
function cellsOf(shape: readonly number[]): number[][] {
  const count = shape.reduce((product, side) => product * side, 1);
  const places = new Set([0, count - 1, ...Array.from({ length: CELLS }, (_, i) => (i * 7919 + 31) % count)]);
  return [...places].map((place) => unravel(place, shape));
}

async function partsOf(report: Report, id: string, index: readonly number[]): Promise<readonly Part[]> {
  const node = report.node(id);
  const origin = node && (await explain(report, 0, node, index));
  if (!origin) throw new Error(`nothing is told of ${id}`);
  return origin.parts;
}

describe.each(Object.entries(FIXTURES))("in the model of %s", (_, fixture) => {
  const report = reportOf(fixture);
  const told = fixture.manifest.nodes.filter(({ rule }) => rule !== null && rule.name !== "recurrent");
  it.each(told.map(({ id, rule }) => [id, rule?.name]))("%s (%s) gives the model's own values", async (id) => {
    for (const index of cellsOf(report.node(id)?.shape ?? [])) {
      const part = (await partsOf(report, id, index)).at(-1);
      if (part?.shown.value === 0 && part.why?.includes("a mask leaves this key out")) continue;
      expect(part?.why, `${id} at ${index.join()}`).toBeNull();
      expect(Math.abs((part?.sum?.result.value ?? NaN) - (part?.shown.value ?? NaN))).toBeLessThanOrEqual(2e-5 * (1 + (part?.sum?.magnitude ?? 0)));
    }
  });
});
