// What a layout is: boxes and glyphs with places, wires as lines, labels to be put under them. In scene units:
// x right, y up, z towards the person.

import type { ViewNode } from "./fold";

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/** How a thing stands. The place is the middle of its footprint on the floor. */
export interface Pose extends Point, Size {
  /** Degrees about the vertical; negative shows the right side. */
  readonly turn: number;
  /** Share of the background mixed in, 0..1. 1 is not drawn. */
  readonly fade: number;
}

export interface Placed {
  readonly node: ViewNode;
  readonly pose: Pose;
  readonly row: number;
  readonly column: number;
  readonly lane: number;
  /** Height of the floor that it stands on, and below it of its label's upper edge before the label's pixels. */
  readonly floor: number;
  readonly glyph: boolean;
}

/** "rail": from box to box; "skip": around others; "floor": the line that boxes stand on; "bracket": an open block. */
export type WireKind = "rail" | "skip" | "floor" | "bracket";

export interface Wire {
  readonly kind: WireKind;
  readonly points: readonly Point[];
  /** Whether it ends in a chevron. */
  readonly arrow: boolean;
  /** The nodes that it joins; empty for floors and brackets. */
  readonly source: string;
  readonly target: string;
  readonly fade: number;
}

/** A named end of a skip whose other end stands in another row. */
export interface Port {
  readonly text: string;
  readonly point: Point;
  readonly source: string;
  readonly target: string;
}

export interface Bracket {
  readonly block: string;
  readonly label: string;
  readonly point: Point;
}

/** How much a label says: 0 name and shape, 1 name, 2 number, 3 nothing. One level for the whole picture. */
export type Level = 0 | 1 | 2 | 3;

export interface Row {
  readonly floor: number;
  readonly z: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

export interface Layout {
  readonly placed: readonly Placed[];
  readonly wires: readonly Wire[];
  readonly ports: readonly Port[];
  readonly brackets: readonly Bracket[];
  readonly rows: readonly Row[];
  readonly level: Level;
  readonly upright: boolean;
  /** Estimated CSS pixels for a scene unit when all of it is in view. */
  readonly scale: number;
}

/** CSS pixels that a label needs at each level. */
export type LabelWidth = (node: ViewNode, level: Level) => number;

export interface Options {
  /** CSS pixels that the picture may fill. */
  readonly width: number;
  readonly height: number;
  readonly phone: boolean;
  readonly sizeOf: (node: ViewNode, upright: boolean) => Size;
  /** Whether mosaics can stand upright or lie, so that both are worth trying. */
  readonly mosaics: boolean;
  readonly labelWidth: LabelWidth;
  /** CSS pixels to keep free to the right of a node, for its prediction. */
  readonly reserve: (node: ViewNode) => number;
}
