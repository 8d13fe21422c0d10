// Arithmetic of grids of maps.

import type { Cell, Grid, Steps } from "./form";

/** Columns and rows for `count` tiles of an aspect so that the whole comes near an aspect with few tiles left free. */
export function tiling(count: number, tile: number, aspect: number): { columns: number; rows: number } {
  let best = { columns: count, rows: 1, cost: Infinity };
  const ideal = Math.sqrt((count * aspect) / tile);
  const from = Math.max(1, Math.floor(ideal * 0.6));
  const to = Math.min(count, Math.ceil(ideal * 1.7));
  for (let columns = from; columns <= to; columns++) {
    const rows = Math.ceil(count / columns);
    const off = Math.abs(Math.log((columns * tile) / rows / aspect));
    const free = columns * rows - count;
    const cost = off + (free > 0 ? 0.25 : 0) + (1.6 * free) / count;
    if (cost < best.cost - 1e-9) best = { columns, rows, cost };
  }
  return { columns: best.columns, rows: best.rows };
}

/** The columns and rows of a closed mosaic, at most 1.6 times as long as wide. */
export function mosaic(count: number, upright: boolean): { columns: number; rows: number } {
  let best = { short: count, long: 1, cost: Infinity };
  for (let short = Math.max(1, Math.floor(Math.sqrt(count)) - 2); short * short <= count + short; short++) {
    const long = Math.ceil(count / short);
    if (long < short) continue;
    const aspect = long / short;
    const cost = (short * long - count) / count + (aspect > 1.6 ? aspect - 1 : 0.1 * (aspect - 1));
    if (cost < best.cost - 1e-9) best = { short, long, cost };
  }
  return upright ? { columns: best.short, rows: best.long } : { columns: best.long, rows: best.short };
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** Thickness of a box that holds so many channels. */
export function depthOf(channels: number): number {
  return 0.14 + 0.105 * Math.log2(channels + 1);
}

/** Side of a map in scene units: 224 to 7 pixels shrinks 2.8 times, not 32. */
export function sideOf(pixels: number, largest: number): number {
  return 4.2 * Math.max(0.36, (pixels / Math.max(1, largest)) ** 0.38);
}

/** The cell at a place of the face: u runs right and v down, both 0..1. Null in gaps and on free tiles. */
export function cellAt(grid: Grid, u: number, v: number): Cell | null {
  const [column, row] = [Math.floor(u * grid.columns), Math.floor(v * grid.rows)];
  const map = row * grid.columns + column;
  if (u < 0 || v < 0 || column >= grid.columns || row >= grid.rows || map >= grid.maps) return null;
  const inner = 1 - 2 * grid.gap;
  const x = (u * grid.columns - column - grid.gap) / inner;
  const y = (v * grid.rows - row - grid.gap) / inner;
  if (x < 0 || y < 0 || x >= 1 || y >= 1) return null;
  return { map, y: Math.floor(y * grid.height), x: Math.floor(x * grid.width) };
}

export interface Rect {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Where a map lies on the face, without its gap. */
export function tileRect(grid: Grid, map: number): Rect {
  const [column, row] = [map % grid.columns, Math.floor(map / grid.columns)];
  const inner = 1 - 2 * grid.gap;
  return { left: (column + grid.gap) / grid.columns, top: (row + grid.gap) / grid.rows, width: inner / grid.columns, height: inner / grid.rows };
}

/** Where a cell lies on the face. */
export function cellRect(grid: Grid, cell: Cell): Rect {
  const tile = tileRect(grid, cell.map);
  const [width, height] = [tile.width / grid.width, tile.height / grid.height];
  return { left: tile.left + cell.x * width, top: tile.top + cell.y * height, width, height };
}

/** The cell so many cells to the right and down on the face, and maps further on; null beyond its edge. */
export function beside(grid: Grid, { map, y, x }: Cell, right: number, down: number, maps: number): Cell | null {
  const [across, along] = [((map % grid.columns) * grid.width) + x + right, Math.floor(map / grid.columns) * grid.height + y + down];
  const [column, row] = [Math.floor(across / grid.width), Math.floor(along / grid.height)];
  const found = row * grid.columns + column + maps;
  if (column < 0 || column >= grid.columns || row < 0 || found < 0 || found >= grid.maps) return null;
  return { map: found, y: along - row * grid.height, x: across - column * grid.width };
}

/** The row of cells that a cell lies in. */
export function rowRect(grid: Grid, cell: Cell): Rect {
  const { left, width } = tileRect(grid, cell.map);
  return { ...cellRect(grid, cell), left, width };
}

/** The position of a cell in the tensor's codes. */
export function position({ step, start = 0 }: Grid, cell: Cell): number {
  return start + cell.map * step.map + cell.y * step.y + cell.x * step.x;
}

/** Which scale and zero belong to a cell. */
export function quantOf({ quant }: Grid, cell: Cell): number {
  return Math.floor(cell.map / quant.divide) * quant.map + cell.y * quant.y + cell.x * quant.x;
}

export const NO_STEPS: Steps = { map: 0, y: 0, x: 0 };

/** K maps of h × w cells, one after the other. */
export function mapsGrid(maps: number, height: number, width: number, aspect: number, divide = 1): Grid {
  const { columns, rows } = tiling(maps, clamp(width / height, 1 / 3, 3), aspect);
  return {
    maps, columns, rows, height, width, gap: maps > 1 ? 0.03 : 0,
    step: { map: height * width, y: width, x: 1 }, quant: { ...NO_STEPS, map: 1, divide },
  };
}
