// What the rest of the page knows of the scene.

import type { Drawn } from "./numbers";
import type { Index, Under } from "./pointing";

export interface Bounds {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places are CSS pixels of the window unless said otherwise. */
export interface Scene {
  flyTo(id: string): void;
  /** Back to the whole picture, seen from the front. */
  home(): void;
  zoom(factor: number): void;
  /** Shows all channels of every visible layer; resolves when they are drawn. */
  openAll(): Promise<void>;
  /** Moves the chosen cell over the face of the opened layer, by cells and by maps. */
  moveCell(right: number, down: number, maps: number): void;
  closeAll(): void;
  /** `geometries` and `textures` are what the GPU holds. */
  stats(): { draws: number; visible: number; frames: number; geometries: number; textures: number };
  /** The middle of a box, or of a cell on its face; null where it isn't visible. */
  screenOf(id: string, index?: Index): { x: number; y: number } | null;
  cell(x: number, y: number): Under | null;
  /** The values that are written in cells now. */
  numbers(): readonly Drawn[];
  /** Where a box is drawn, in CSS pixels of the host. */
  boundsOf(id: string): Bounds | null;
  /** The canvas as a PNG. */
  picture(): Promise<Blob>;
  /** Resolves when every visible layer has been drawn with its thumbnail. */
  readonly firstFrame: Promise<void>;
  dispose(): void;
}
