// Numbers that are known as far as they are stored: each with how far off it may be at most.

/** `off`: the model's own value is at most so far away. `noise`: the variance that rounding to codes is to be expected to leave. */
export interface Known {
  readonly value: number;
  readonly off: number;
  readonly noise: number;
}

export const ZERO: Known = { value: 0, off: 0, noise: 0 };

export function exactly(value: number): Known {
  return { value, off: 0, noise: 0 };
}

/** A value that was rounded to a step of twice `off`. */
export function within(value: number, off: number): Known {
  return { value, off, noise: (off * off) / 3 };
}

export function plus(a: Known, b: Known): Known {
  return { value: a.value + b.value, off: a.off + b.off, noise: a.noise + b.noise };
}

export function times(a: Known, b: Known): Known {
  return {
    value: a.value * b.value,
    off: Math.abs(a.value) * b.off + Math.abs(b.value) * a.off + a.off * b.off,
    noise: a.value ** 2 * b.noise + b.value ** 2 * a.noise + a.noise * b.noise,
  };
}

export function scaled(a: Known, factor: number): Known {
  return { value: a.value * factor, off: a.off * Math.abs(factor), noise: a.noise * factor * factor };
}

export function sumOf(list: readonly Known[]): Known {
  return list.reduce(plus, ZERO);
}

/** What a function makes of it; the worst over where the value may be. */
export function through(a: Known, f: (x: number) => number): Known {
  const value = f(a.value);
  if (a.off === 0) return exactly(value);
  let off = 0;
  // What is no number is no value that the model can have had: the root of less than nothing.
  const change = (x: number): number => f(x) - value || 0;
  for (let i = -4; i <= 4; i++) off = Math.max(off, Math.abs(change(a.value + (a.off * i) / 4)));
  const sigma = Math.sqrt(a.noise);
  // The steepest way to a value that may well be meant: beside a kink, as ReLU's, the slope at the value itself says nothing.
  const changes = [-3, -2, -1, 1, 2, 3].map((k) => change(a.value + k * sigma) / k);
  return { value, off, noise: Math.max(...changes.map((slope) => slope * slope)) };
}
