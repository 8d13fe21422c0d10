// In which order the channels of a layer are shown.

import type { ChannelFacts } from "../ranges";

export type Order = "mean" | "max" | "zeros" | "relevance" | "index";

export interface ChannelRow extends ChannelFacts {
  /** What the channel adds to the class score: its weight in the attribution times its mean. NaN where that is not known. */
  readonly relevance: number;
}

/** Sorted with the largest first, by index with the smallest first; `turned` is the other way round. Those without come last. */
export function sortChannels<T extends ChannelFacts & Partial<ChannelRow>>(facts: readonly T[], order: Order, turned = false): T[] {
  const keys: Readonly<Record<Order, (f: T) => number>> = {
    mean: (f) => -f.mean, max: (f) => -f.max, zeros: (f) => -f.zeros, relevance: (f) => -(f.relevance ?? NaN), index: (f) => f.channel,
  };
  const rank = (f: T): number => {
    const key = keys[order](f);
    return Number.isNaN(key) ? Infinity : turned ? -key : key;
  };
  const compare = (a: number, b: number): number => (a === b ? 0 : a - b);
  return [...facts].sort((a, b) => compare(rank(a), rank(b)) || a.channel - b.channel);
}
