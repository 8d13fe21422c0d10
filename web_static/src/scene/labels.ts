// Labels under boxes, names of ports and brackets. Text only, never one over another, one level of detail for all.

import { KINDS } from "../colour/tokens";
import { labelRoom } from "../layout/measures";
import type { Layout, Level, Placed, Pose } from "../layout/types";
import type { ViewNode } from "../layout/fold";
import type { Theme } from "../colour/tokens";
import type { Lens } from "./camera";
import { pointOn } from "./solid";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, monospace';
const SQUARE = 13;
/** CSS pixels between a row's lowest corner and its labels. */
const BELOW = 7;
/** CSS pixels between two labels: a little more than their padding. */
const APART = 8;
/** Share of labels that may be left out before all of them say less. */
const MISSING = 0.05;
/** CSS pixels: a phone's width. */
const NARROW = 640;

const pen = document.createElement("canvas").getContext("2d");
const widths = new Map<string, number>();

function widthOf(text: string, font: string): number {
  const key = `${font}\n${text}`;
  let width = widths.get(key);
  if (width === undefined && pen) {
    pen.font = font;
    width = pen.measureText(text).width;
    widths.set(key, width);
  }
  return width ?? text.length * 7;
}

export function shapeText(node: ViewNode): string {
  return node.shape.length > 0 ? node.shape.join("×") : "1";
}

/** CSS pixels that a label takes. */
export function labelWidth(node: ViewNode, level: Level): number {
  if (level === 3) return 0;
  const name = widthOf(level === 2 ? node.short : node.label, `600 12px ${FONT}`) + SQUARE;
  return level === 0 ? Math.max(name, widthOf(shapeText(node), `11px ${MONO}`)) : name;
}

interface Tag {
  readonly item: Placed;
  readonly element: HTMLElement;
  readonly name: HTMLElement;
  readonly shape: HTMLElement;
}

interface Spot {
  readonly tag: Tag;
  readonly x: number;
  readonly y: number;
  /** CSS pixels that its box is wide. */
  readonly wide: number;
}

/** CSS pixels that a label may be wider than its box where rows were given no room for labels. */
const OVERHANG = 32;
/** More small names than these are a haystack, and slow. */
const SMALL_MOST = 250;

/** CSS pixels that a name takes as it is drawn where rows were given no room for labels: small, without its square. */
function smallWidth({ short }: ViewNode): number {
  return widthOf(short, `600 10px ${FONT}`);
}

/** Whether a small name is hardly wider than its box, below which no other lane stands. */
function fits({ tag: { item }, wide }: Spot): boolean {
  return item.lane === 0 && item.node.role !== "stub" && smallWidth(item.node) <= wide + OVERHANG;
}

function make(parent: HTMLElement, kind: string, tag = "div"): HTMLElement {
  const element = document.createElement(tag);
  element.className = kind;
  parent.append(element);
  return element;
}

export class Labels {
  readonly #root: HTMLElement;
  #level: Level = 0;
  #tags: Tag[] = [];
  #pills: { element: HTMLElement; width: number; point: { x: number; y: number; z: number } }[] = [];

  constructor(host: HTMLElement, readonly unfold: (block: string) => void) {
    this.#root = make(host, "scene-labels");
  }

  /** Which labels there are; `shown` keeps those that a layout wants to be silent out. */
  build(layout: Layout, theme: Theme, shown: (item: Placed) => boolean): void {
    this.#root.replaceChildren();
    this.#level = layout.level;
    this.#tags = layout.placed.filter((item) => !item.glyph && shown(item)).map((item) => {
      const stub = item.node.role === "stub" && !item.node.folded;
      const element = make(this.#root, stub ? "scene-label stub" : "scene-label");
      // Until a frame has put it in its place.
      element.hidden = true;
      const name = make(element, "name");
      if (!stub) make(name, "square", "i").style.background = KINDS[theme][item.node.kind];
      const text = make(name, "text", "span");
      const shape = make(element, "shape");
      shape.textContent = shapeText(item.node);
      return { item, element, name: text, shape };
    });
    this.#pills = [
      ...layout.ports.map(({ text, point }) => {
        const element = make(this.#root, "scene-port");
        element.style.color = KINDS[theme].merge;
        return { element, text, point };
      }),
      ...layout.brackets.map(({ label, point, block }) => {
        const element = make(this.#root, "scene-bracket", "button");
        element.addEventListener("click", () => this.unfold(block));
        return { element, text: label, point };
      }),
    ].map(({ element, text, point }) => {
      element.textContent = text;
      return { element, point, width: widthOf(text, `500 11px ${FONT}`) + 18 };
    });
  }

  /**
   * Puts labels where their boxes are now. `first` are the ids whose labels must not be the ones left out, `nearer` is
   * by how much the person came nearer than the layout was made for; `reached` is what the forward pass has come to.
   */
  update(lens: Lens, poses: ReadonlyMap<string, Pose>, first: ReadonlySet<string>, nearer: number, reached: (id: string) => boolean): void {
    const spots = this.#spots(lens, poses);
    const boxes = spots.filter(({ tag }) => tag.item.node.role !== "stub");
    // Rows were given room for the layout's level; whoever comes nearer makes room for more.
    const room = labelRoom(this.#level) + Math.max(0, nearer - 1) * 30;
    let level = ([0, 1, 2, 3] as const).find((candidate) => candidate >= this.#level || labelRoom(candidate) <= room) ?? this.#level;
    for (; level < 3; level++) {
      const current = level;
      if (boxes.length - this.#fitting(boxes, current, first).length <= MISSING * boxes.length) break;
    }
    let chosen = this.#fitting(spots, level, first);
    if (level === 3 && this.#level < 3 && boxes.length <= 60) {
      // Small names take the place of the large ones only where there are more of them.
      const large = this.#fitting(spots, 2, first);
      if (lens.width >= NARROW || large.length >= chosen.length) [level, chosen] = [2, large];
    }
    const shown = new Set(chosen.map(({ tag }) => tag));
    for (const { x, y, tag } of chosen) {
      tag.name.textContent = level === 2 || (level === 3 && !first.has(tag.item.node.id)) ? tag.item.node.short : tag.item.node.label;
      tag.element.classList.toggle("small", level === 3 && !first.has(tag.item.node.id));
      tag.shape.hidden = level > 0 || tag.item.node.role === "stub";
      tag.element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translateX(-50%)`;
      tag.element.classList.toggle("ahead", !reached(tag.item.node.id));
    }
    for (const tag of this.#tags) tag.element.hidden = !shown.has(tag);
    // Where there was no room for all labels, there is none for pills over faces.
    this.#putPills(lens, level === 3 || (level === 2 && this.#level === 2 && boxes.some(({ tag }) => !shown.has(tag)) && lens.width < NARROW));
  }

  #spots(lens: Lens, poses: ReadonlyMap<string, Pose>): Spot[] {
    const lowest = new Map<string, number>();
    const places: { tag: Tag; x: number; row: string; wide: number }[] = [];
    for (const tag of this.#tags) {
      const pose = poses.get(tag.item.node.id);
      if (!pose || pose.fade >= 0.97) continue;
      const flat = { ...pose, y: tag.item.floor };
      const feet = [pointOn(flat, 0, 1), pointOn(flat, 1, 1)].map((point) => lens.project(point));
      const row = `${tag.item.row} ${tag.item.lane}`;
      const low = Math.max(...feet.map((foot) => foot.y));
      lowest.set(row, Math.max(lowest.get(row) ?? -Infinity, low));
      const middle = lens.project({ x: pose.x, y: tag.item.floor, z: pose.z });
      const wide = Math.max(...feet.map((foot) => foot.x)) - Math.min(...feet.map((foot) => foot.x));
      places.push({ tag, x: middle.x, row, wide });
    }
    return places
      .map(({ tag, x, row, wide }) => ({ tag, x, wide, y: (lowest.get(row) ?? 0) + BELOW }))
      .filter(({ x, y }) => x > -60 && x < lens.width + 60 && y > -20 && y < lens.height);
  }

  /** The labels of a level that can be drawn without one over another. */
  #fitting(spots: readonly Spot[], level: Level, first: ReadonlySet<string>): Spot[] {
    if (level === 3) {
      const small = spots.filter((spot) => !first.has(spot.tag.item.node.id) && fits(spot));
      return this.#apart([...spots.filter((spot) => first.has(spot.tag.item.node.id)), ...(small.length > SMALL_MOST ? [] : small)], 3, first);
    }
    return this.#apart(spots, level, first);
  }

  #apart(spots: readonly Spot[], level: Level, first: ReadonlySet<string>): Spot[] {
    const rank = ({ tag }: Spot): number => (first.has(tag.item.node.id) ? 0 : tag.item.node.role === "stub" ? 2 : 1);
    const taken = new Map<string, { x0: number; x1: number; y: number }[]>();
    return [...spots].sort((a, b) => rank(a) - rank(b) || a.x - b.x).filter((spot) => {
      const { item } = spot.tag;
      const small = level === 3 && !first.has(item.node.id);
      const half = small ? smallWidth(item.node) / 2 + 2 : (labelWidth(item.node, item.node.role === "stub" || level === 3 ? 1 : level) + APART) / 2;
      const key = `${item.row} ${item.lane}`;
      const row = taken.get(key) ?? [];
      if (row.some((other) => other.x0 < spot.x + half && other.x1 > spot.x - half)) return false;
      row.push({ x0: spot.x - half, x1: spot.x + half, y: spot.y });
      taken.set(key, row);
      return true;
    });
  }

  #putPills(lens: Lens, quiet: boolean): void {
    const taken: { x: number; y: number; width: number }[] = [];
    for (const { element, width, point } of this.#pills) {
      const { x, y } = lens.project(point);
      const over = quiet || taken.some((other) => Math.abs(other.x - x) < (other.width + width) / 2 && Math.abs(other.y - y) < 18);
      element.hidden = over;
      if (!over) taken.push({ x, y, width });
      element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) translate(-50%, -50%)`;
    }
  }

  dispose(): void {
    this.#root.remove();
  }
}
