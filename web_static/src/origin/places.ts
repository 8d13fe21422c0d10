// Where a value lies: indices in the model's own order, in stored order (channel first), and as one number.

import type { NodeInfo } from "../bundle/manifest.gen";

export type Index = readonly number[];

export function ravel(index: Index, shape: readonly number[]): number {
  return shape.reduce((place, side, axis) => place * side + (index[axis] ?? 0), 0);
}

export function unravel(place: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (let axis = shape.length - 1, rest = place; axis >= 0; axis--) {
    const side = Math.max(1, shape[axis] ?? 1);
    index[axis] = rest % side;
    rest = Math.floor(rest / side);
  }
  return index;
}

/** Whether stored values lie one after the other as the model's do, only with other axes. */
function inLine({ form, shape }: NodeInfo): boolean {
  return form === "row" || form === "scalar" || form === "generic" || (form === "matrix" && shape.length > 3);
}

/** The stored index of a value, where the tensor is stored whole in this shape. */
export function toStored(node: NodeInfo, own: Index, stored: readonly number[]): number[] {
  if (inLine(node)) return unravel(ravel(own, node.shape), stored);
  const channel = node.channel_axis;
  return channel === null ? [...own] : [own[channel] ?? 0, ...own.filter((_, axis) => axis !== channel)];
}

/** The model's own index of a stored one. */
export function toOwn(node: NodeInfo, index: Index, stored: readonly number[]): number[] {
  if (inLine(node)) return unravel(ravel(index, stored), node.shape);
  const channel = node.channel_axis;
  if (channel === null) return [...index];
  const rest = index.slice(1);
  return [...rest.slice(0, channel), index[0] ?? 0, ...rest.slice(channel)];
}

/** Places in space of an index: those of all axes but the channel's. */
export function spaceOf(node: NodeInfo, own: Index): number[] {
  return own.filter((_, axis) => axis !== node.channel_axis);
}

/** An index from places in space and a channel. */
export function joined(node: NodeInfo, space: Index, channel: number): number[] {
  const axis = node.channel_axis;
  return axis === null ? [...space] : [...space.slice(0, axis), channel, ...space.slice(axis)];
}

/** All indices of a shape, the last axis fastest. */
export function* every(shape: readonly number[]): Generator<number[]> {
  const count = shape.reduce((product, side) => product * side, 1);
  for (let place = 0; place < count; place++) yield unravel(place, shape);
}
