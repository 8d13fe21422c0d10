// window.tensorview: for embedding and tests. Documented in docs/page.md.

import type { Report } from "./bundle/model";
import { colourOf, shownRange } from "./colour/value";
import type { RGB } from "./colour/tokens";
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
  /** The colour (sRGB, 0..255) that a value has on a layer's face, by the layer's range for the shown sample. */
  readonly colourOf: (value: number, node: string) => RGB | null;
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
    colourOf(value, node) {
      const { sample, theme, unfolded } = store.get();
      const face = faceOf(report, node, unfolded);
      const activation = face === null ? undefined : report.activation(sample, face);
      return activation ? colourOf(value, shownRange(store.get(), activation.summary), theme) : null;
    },
  };
}
