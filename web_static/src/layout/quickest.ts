// Milliseconds of the processor that a piece of work takes, for tests: other work on the machine does not count.

import { cpuUsage } from "node:process";

/** The least of up to a dozen runs; no more are made once one took less than `limit`. */
export function quickest(work: () => unknown, limit: number): number {
  let least = Infinity;
  for (let i = 0; i < 12 && least >= limit; i++) {
    const before = cpuUsage();
    work();
    const { user, system } = cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}
