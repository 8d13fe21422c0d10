// window.tensorview: for embedding and tests. Documented in docs/page.md.

import type { Report } from "./bundle/model";
import { colourOf, shownRange } from "./colour/value";
import type { RGB } from "./colour/tokens";
import { told } from "./origin/told";
import { faceOf } from "./panels/subject";
import type { Scene } from "./scene/scene";
import { choose } from "./state/actions";
import type { Store, ViewState } from "./state/store";

export interface Api {
  readonly version: string;
  /** Resolves when every visible layer has been drawn with its thumbnail. */
  readonly ready: Promise<void>;
  readonly openAll: () => Promise<void>;
  readonly closeAll: () => void;
  readonly select: (id: string | null) => void;
  readonly flyTo: (id: string) => void;
  readonly state: () => ViewState;
  readonly stats: () => ReturnType<Scene["stats"]> | null;
  /** Places are CSS pixels of the window. */
  readonly cell: (x: number, y: number) => ReturnType<Scene["cell"]>;
  readonly screenOf: (id: string, index?: { readonly channel?: number; readonly y?: number; readonly x?: number }) => ReturnType<Scene["screenOf"]>;
  /** The values that are written in cells now. */
  readonly numbers: () => ReturnType<Scene["numbers"]>;
  /**
   * Where the value at an index (in the model's own order, without the batch) comes from: one entry for each layer of the
   * box up to this one. `sum` is null where it can't be told, and `why` says so; it is within `allowed` of `shown`.
   */
  readonly origin: (node: string, index: readonly number[]) => Promise<readonly OriginPart[] | null>;
  /** The colour (sRGB, 0..255) that a value has on a layer's face, by the layer's range for the shown sample. */
  readonly colourOf: (value: number, node: string) => RGB | null;
}

export interface OriginPart {
  readonly node: string;
  readonly shown: number;
  readonly sum: number | null;
  readonly why: string | null;
  readonly allowed: number;
  readonly expected: number;
  readonly terms: readonly { readonly label: string; readonly value: number }[];
}

declare global {
  interface Window {
    tensorview?: Api;
  }
}

export function api(report: Report, store: Store, scene: Scene | null, close: () => void): Api {
  return {
    version: report.manifest.generator,
    ready: scene ? scene.firstFrame : Promise.resolve(),
    openAll: async () => scene?.openAll(),
    closeAll: () => scene?.closeAll(),
    select(id) {
      if (id === null) close();
      else choose(store, id);
    },
    flyTo: (id) => scene?.flyTo(id),
    state: () => store.get(),
    stats: () => scene?.stats() ?? null,
    cell: (x, y) => scene?.cell(x, y) ?? null,
    screenOf: (id, index) => scene?.screenOf(id, index) ?? null,
    numbers: () => scene?.numbers() ?? [],
    async origin(node, index) {
      const found = await told(report, store.get().sample, node, index);
      return found?.parts.map(({ node: at, shown, sum, why, allowed, expected }) => ({
        node: at.id, shown: shown.value, sum: sum?.result.value ?? null, why, allowed, expected,
        terms: sum?.terms.map(({ label, part }) => ({ label, value: part.value })) ?? [],
      })) ?? null;
    },
    colourOf(value, node) {
      const { sample, theme, unfolded } = store.get();
      const face = faceOf(report, node, unfolded);
      const activation = face === null ? undefined : report.activation(sample, face);
      return activation ? colourOf(value, shownRange(store.get(), activation.summary), theme) : null;
    },
  };
}
