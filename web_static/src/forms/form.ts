// What a form is: how an output is laid out as a box with a grid of cells on its face. Free of three.js.

/** What there is to know about a box before its size is chosen. */
export interface Subject {
  /** The output's shape in stored order, channel first. */
  readonly stored: readonly number[];
  /** The longest sides in this model, so that sizes compare: of maps and of sequences. */
  readonly largestMap: number;
  readonly longestSequence: number;
  /** What closed faces of this model show: all channels, or the mean of |activation| over them. */
  readonly closed: "mosaic" | "mean";
  /** Whether mosaics stand upright rather than lie. */
  readonly upright: boolean;
  /** Whether it is an output of the model. */
  readonly output: boolean;
}

/** In scene units. */
export interface Size {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

/**
 * A face as a grid of maps, each a grid of cells. Where the value of a cell lies in the stored tensor, and which
 * entry of its scale and zero belongs to it, is given by steps: position = start + map·m + y·v + x·h.
 */
export interface Grid {
  readonly maps: number;
  readonly columns: number;
  readonly rows: number;
  /** Cells of one map. */
  readonly height: number;
  readonly width: number;
  /** Share of a tile's side that is left free on each of its sides. */
  readonly gap: number;
  /** Whether each map is a curve, its cells side by side, rather than a picture. */
  readonly curves?: boolean;
  /** Position of the first cell, where the grid shows a part of the tensor. */
  readonly start?: number;
  readonly step: Steps;
  readonly quant: Steps & { readonly divide: number };
}

export interface Steps {
  readonly map: number;
  readonly y: number;
  readonly x: number;
}

export interface Cell {
  readonly map: number;
  readonly y: number;
  readonly x: number;
}

/** Which tensor a face is drawn from. */
export type Detail = "thumb" | "all";

export interface Form {
  size(subject: Subject): Size;
  /**
   * The grid for a tensor of this shape on a face of this aspect (width over height). Thumbnails come as (K, h, w);
   * "all" is the stored tensor. Of a volume `slice` may be the one slice that is wanted of each channel.
   */
  grid(shape: readonly number[], aspect: number, detail: Detail, slice?: number | null): Grid;
  /** The cell's place in the stored tensor that has this shape. */
  index(shape: readonly number[], cell: Cell, grid: Grid): readonly number[];
}
