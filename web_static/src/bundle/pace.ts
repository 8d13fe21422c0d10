// Long work in slices, so that the page answers while it is done.

const SLICE_MS = 8;

interface Yielding {
  readonly scheduler?: { yield?: () => Promise<void> };
}

/** Lets the browser answer and draw before what comes next. */
export function pause(): Promise<void> {
  const { scheduler } = globalThis as Yielding;
  return scheduler?.yield ? scheduler.yield() : new Promise((resolve) => setTimeout(resolve, 0));
}

/** Returns a function to await between steps: it lets the browser breathe once the slice is used up. */
export function pacer(): () => Promise<void> {
  let start = performance.now();
  return async () => {
    if (performance.now() - start < SLICE_MS) return;
    await pause();
    start = performance.now();
  };
}
