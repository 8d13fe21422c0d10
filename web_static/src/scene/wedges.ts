// From each patch of the input to the hovered cell one translucent wedge.

import type { RGB } from "../colour/tokens";
import { css } from "../colour/tokens";
import type { Point } from "../layout/types";
import type { Lens } from "./camera";

interface Place {
  readonly x: number;
  readonly y: number;
}

function turn(a: Place, b: Place, c: Place): number {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/** The smallest convex outline around some places (Andrew's monotone chain). */
export function hull(places: readonly Place[]): Place[] {
  const sorted = [...places].sort((a, b) => a.x - b.x || a.y - b.y);
  const half = (list: readonly Place[]): Place[] => {
    const kept: Place[] = [];
    for (const place of list) {
      for (let [a, b] = kept.slice(-2); a && b && turn(a, b, place) <= 0; [a, b] = kept.slice(-2)) kept.pop();
      kept.push(place);
    }
    return kept.slice(0, -1);
  };
  return [...half(sorted), ...half([...sorted].reverse())];
}

const SVG = "http://www.w3.org/2000/svg";

export class Wedges {
  readonly #root: SVGSVGElement;
  #shapes: { readonly element: SVGPolygonElement; readonly points: readonly Point[] }[] = [];

  constructor(host: HTMLElement) {
    this.#root = document.createElementNS(SVG, "svg");
    this.#root.classList.add("scene-wedges");
    this.#root.setAttribute("aria-hidden", "true");
    host.append(this.#root);
  }

  /** The corners of each wedge's two ends. */
  set(wedges: readonly (readonly Point[])[], colour: RGB): void {
    if (wedges.length === 0 && this.#shapes.length === 0) return;
    this.#root.style.color = css(colour);
    this.#shapes = wedges.map((points) => ({ element: document.createElementNS(SVG, "polygon"), points }));
    this.#root.replaceChildren(...this.#shapes.map(({ element }) => element));
  }

  update(lens: Lens): void {
    for (const { element, points } of this.#shapes) {
      const outline = hull(points.map((point) => lens.project(point)));
      element.setAttribute("points", outline.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" "));
    }
  }

  dispose(): void {
    this.#root.remove();
  }
}
