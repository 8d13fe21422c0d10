// What runs across and down on the opened layer, where its shape alone does not tell: attention and sequences.

import type { Grid } from "../forms/form";
import type { ViewNode } from "../layout/fold";
import type { Pose } from "../layout/types";
import type { Lens } from "./camera";
import { pointOn } from "./solid";

/** Names of the axes of each cell grid; null where they are rows and columns of a picture, or a list. */
export function axisNames({ form, axes }: Pick<ViewNode, "form" | "axes">, { curves }: Pick<Grid, "curves">): { readonly across: string; readonly down: string } | null {
  const [before = "", last = ""] = axes.slice(-2);
  if (form === "matrix") return { across: last, down: before };
  if (form !== "sequence") return null;
  return curves ? { across: before, down: "" } : { across: last, down: before };
}

export class AxisNames {
  readonly #root = document.createElement("div");
  readonly #across = document.createElement("span");
  readonly #down = document.createElement("span");

  constructor(host: HTMLElement) {
    this.#root.className = "scene-axes";
    this.#root.append(this.#across, this.#down);
    host.append(this.#root);
  }

  /** Beside the face's upper left corner; nothing where `face` is null. */
  update(lens: Lens, face: { readonly node: ViewNode; readonly pose: Pose; readonly grid: Grid } | null): void {
    const names = face && axisNames(face.node, face.grid);
    this.#root.hidden = !names;
    if (!names) return;
    const { x, y } = lens.project(pointOn(face.pose, 0, 0));
    this.#across.textContent = names.across ? `${names.across} →` : "";
    this.#down.textContent = names.down ? `${names.down} ↓` : "";
    this.#across.style.transform = `translate(${x.toFixed(1)}px, ${(y - 18).toFixed(1)}px)`;
    this.#down.style.transform = `translate(${(x - 7).toFixed(1)}px, ${y.toFixed(1)}px) translateX(-100%)`;
  }

  dispose(): void {
    this.#root.remove();
  }
}
