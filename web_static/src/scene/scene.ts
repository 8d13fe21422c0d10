// The scene's front door.

import type { Report } from "../bundle/model";
import type { Store } from "../state/store";
import { Shown } from "./shown";
import type { Scene } from "./types";

export type { Under } from "./pointing";
export type { Bounds, Scene } from "./types";

/** Draws the model of a report into an element, which must have a size, and keeps it in step with the store. */
export function createScene(host: HTMLElement, report: Report, store: Store): Scene {
  return new Shown(host, report, store);
}
