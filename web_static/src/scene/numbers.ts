// Values as numbers in cells that are large enough on the screen, as if printed on the face. One canvas over the scene,
// touched only when there are numbers or were some.

import type { Cell, Grid } from "../forms/form";
import { cellRect, tileRect } from "../forms/grid";
import type { Pose } from "../layout/types";
import type { RGB } from "../colour/tokens";
import { cellText } from "../words/format";
import type { Lens, Spot } from "./camera";
import { pointOn } from "./solid";

/** A face whose cells have values of their own. */
export interface Numbered {
  readonly node: string;
  readonly pose: Pose;
  readonly grid: Grid;
  readonly at: (cell: Cell) => { readonly index: readonly number[]; readonly value: number } | null;
  readonly colour: (value: number, cell: Cell) => RGB;
}

export interface Drawn {
  readonly node: string;
  readonly index: readonly number[];
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

/** CSS pixels that a cell must have. */
const WIDE = 27;
const TALL = 13;
const LARGEST = 13;
/** No more than a person can read. */
const MOST = 1500;
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace';
/** Width of a character of that font, of its height. */
const CHARACTER = 0.61;

function far(a: Spot, b: Spot): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function light([r, g, b]: RGB): boolean {
  return 0.2126 * (r / 255) ** 2.2 + 0.7152 * (g / 255) ** 2.2 + 0.0722 * (b / 255) ** 2.2 > 0.18;
}

export class Numbers {
  readonly #canvas = document.createElement("canvas");
  readonly #pen = this.#canvas.getContext("2d");
  #drawn: Drawn[] = [];

  constructor(host: HTMLElement) {
    this.#canvas.className = "scene-numbers";
    host.append(this.#canvas);
  }

  /** What stands there now; places are CSS pixels of the host. */
  get drawn(): readonly Drawn[] {
    return this.#drawn;
  }

  update(lens: Lens, faces: readonly Numbered[]): void {
    const pen = this.#pen;
    const large = faces.filter((face) => isLarge(face, lens));
    if (!pen || (large.length === 0 && this.#drawn.length === 0)) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    const [width, height] = [Math.round(lens.width * ratio), Math.round(lens.height * ratio)];
    if (this.#canvas.width !== width || this.#canvas.height !== height) [this.#canvas.width, this.#canvas.height] = [width, height];
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, width, height);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    this.#drawn = [];
    for (const face of large) this.#face(pen, ratio, lens, face);
  }

  #face(pen: CanvasRenderingContext2D, ratio: number, lens: Lens, { node, pose, grid, at, colour }: Numbered): void {
    for (let map = 0; map < grid.maps; map++) {
      const tile = tileRect(grid, map);
      const corners = [0, 1].flatMap((v) => [0, 1].map((u) => lens.project(pointOn(pose, tile.left + u * tile.width, tile.top + v * tile.height))));
      const [xs, ys] = [corners.map(({ x }) => x), corners.map(({ y }) => y)];
      if (Math.max(...xs) < 0 || Math.min(...xs) > lens.width || Math.max(...ys) < 0 || Math.min(...ys) > lens.height) continue;
      for (let y = 0; y < grid.height; y++) {
        for (let x = 0; x < grid.width; x++) {
          if (this.#drawn.length >= MOST) return;
          const cell = { map, y, x };
          const { left, top, width, height } = cellRect(grid, cell);
          const spot = (u: number, v: number): Spot => lens.project(pointOn(pose, left + u * width, top + v * height));
          const middle = spot(0.5, 0.5);
          if (middle.x < 0 || middle.y < 0 || middle.x > lens.width || middle.y > lens.height) continue;
          const found = at(cell);
          if (!found) continue;
          const [right, below] = [spot(1, 0.5), spot(0.5, 1)];
          const [wide, tall] = [2 * far(middle, right), 2 * far(middle, below)];
          const text = cellText(found.value);
          const size = Math.min(LARGEST, tall * 0.6, (wide * 0.88) / (Math.max(4, text.length) * CHARACTER));
          const [a, b] = [(2 * ratio) / wide, (2 * ratio) / tall];
          pen.setTransform((right.x - middle.x) * a, (right.y - middle.y) * a, (below.x - middle.x) * b, (below.y - middle.y) * b, middle.x * ratio, middle.y * ratio);
          pen.font = `${size.toFixed(2)}px ${MONO}`;
          pen.fillStyle = light(colour(found.value, cell)) ? "rgb(8 12 18)" : "rgb(255 255 255)";
          pen.fillText(text, 0, 0.5);
          this.#drawn.push({ node, index: found.index, text, x: middle.x, y: middle.y });
        }
      }
    }
  }

  dispose(): void {
    this.#canvas.remove();
  }
}

/** Whether a face's cells are as large as a number needs. */
function isLarge({ pose, grid }: Numbered, lens: Lens): boolean {
  const [corner, right, below] = [lens.project(pointOn(pose, 0, 0)), lens.project(pointOn(pose, 1, 0)), lens.project(pointOn(pose, 0, 1))];
  const { width, height } = cellRect(grid, { map: 0, y: 0, x: 0 });
  return far(corner, right) * width >= WIDE && far(corner, below) * height >= TALL;
}
