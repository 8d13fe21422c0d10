// Where a region of an output lies on the face that shows it.

import type { NodeInfo } from "../bundle/manifest.gen";
import type { Grid } from "../forms/form";
import { cellRect, tileRect, type Rect } from "../forms/grid";
import { sliceOf } from "../forms/volume";
import { ravel, toStored, type Index } from "./places";

/** More maps than this are a haystack; then none is drawn. */
export const MOST = 64;
const WHOLE: Rect = { left: 0, top: 0, width: 1, height: 1 };

/** The cell of a grid over a whole tensor that shows the value at this position of it. */
export function cellOf(grid: Grid, position: number): { map: number; y: number; x: number } {
  const axes = [
    { key: "map", step: grid.step.map, count: grid.maps },
    { key: "y", step: grid.step.y, count: grid.height },
    { key: "x", step: grid.step.x, count: grid.width },
  ].sort((a, b) => b.step - a.step || b.count - a.count);
  const found = { map: 0, y: 0, x: 0 };
  let rest = position - (grid.start ?? 0);
  for (const { key, step, count } of axes) {
    const at = step === 0 ? 0 : Math.min(count - 1, Math.floor(rest / step));
    found[key as "map" | "y" | "x"] = at;
    rest -= at * step;
  }
  return found;
}

/** What part of a face's tile a stretch of cells takes, where the face may have fewer cells than there are values. */
function within(tile: Rect, across: readonly [number, number], down: readonly [number, number], width: number, height: number): Rect {
  return {
    left: tile.left + (across[0] / width) * tile.width, top: tile.top + (down[0] / height) * tile.height,
    width: ((across[1] - across[0]) / width) * tile.width, height: ((down[1] - down[0]) / height) * tile.height,
  };
}

/**
 * Outlines of a region, in parts of the face. `stored` is the shape of what is stored of the node; `picture` says that
 * the face shows an input's picture. Empty where the face can't show it, or it would be a haystack.
 */
export function rectsOf(node: NodeInfo, grid: Grid, picture: boolean, from: Index, to: Index): Rect[] {
  const full = storedShape(node);
  const [low, high] = [toStored(node, from, full), toStored(node, to.map((end) => end - 1), full).map((last) => last + 1)];
  const range = (axis: number): readonly [number, number] => [low[axis] ?? 0, high[axis] ?? 1];
  const side = (axis: number): number => full[axis] ?? 1;
  if (from.every((start, axis) => start === 0 && to[axis] === node.shape[axis]) && !picture && grid.maps > MOST) return [WHOLE];
  if (node.form === "row") {
    const [start, end] = range(0);
    if (end - start > MOST) return end - start === side(0) ? [WHOLE] : [];
    return Array.from({ length: end - start }, (_, i) => i + start).filter((i) => i < grid.maps).map((map) => cellRect(grid, { map, y: 0, x: 0 }));
  }
  if (node.form === "sequence") {
    // Strips one beside the other, time down and channels across; a thumbnail has fewer cells than there are steps.
    const steps = grid.maps * grid.height;
    const [start, end] = range(1).map((step) => (step / side(1)) * steps) as [number, number];
    return Array.from({ length: grid.maps }, (_, strip) => strip).flatMap((strip) => {
      const [top, bottom] = [Math.max(0, start - strip * grid.height), Math.min(grid.height, end - strip * grid.height)];
      return bottom > top ? [within(tileRect(grid, strip), range(0), [top, bottom], side(0), grid.height)] : [];
    });
  }
  const volume = node.form === "volume";
  if (node.form !== "planes" && node.form !== "image" && node.form !== "matrix" && !volume) return [WHOLE];
  const [y, x] = volume ? [2, 3] : [1, 2];
  const [channels, slices] = [range(0), volume ? range(1) : ([0, 1] as const)];
  const tiles: Rect[] = [];
  if (picture || grid.maps === 1) tiles.push(WHOLE);
  else {
    const only = volume ? sliceOf(grid, full) : null;
    if (only !== null && (only < slices[0] || only >= slices[1])) return [];
    const each = volume && grid.maps === side(0) * side(1) ? side(1) : 1;
    for (let channel = channels[0]; channel < channels[1]; channel++) {
      for (let slice = each > 1 ? slices[0] : 0; slice < (each > 1 ? slices[1] : 1); slice++) tiles.push(tileRect(grid, channel * each + slice));
    }
  }
  return tiles.length > MOST ? [] : tiles.map((tile) => within(tile, range(x), range(y), side(x), side(y)));
}

/** The shape in which all values of a node are stored: channel first. */
function storedShape(node: NodeInfo): number[] {
  const { shape, channel_axis: channel, form } = node;
  if (form === "row") return [shape.reduce((product, one) => product * one, 1)];
  if (form === "generic") return [shape.slice(0, -1).reduce((product, one) => product * one, 1), shape[shape.length - 1] ?? 1];
  return channel === null ? [...shape] : [shape[channel] ?? 1, ...shape.filter((_, axis) => axis !== channel)];
}

/** Where one value lies on a face that shows all of them. */
export function rectOf(node: NodeInfo, grid: Grid, stored: readonly number[], index: Index): Rect {
  return cellRect(grid, cellOf(grid, ravel(toStored(node, index, stored), stored)));
}
