// Activation functions, as Keras has them.

import type { Nonlinearity } from "../bundle/manifest.gen";

const UNBOUNDED = 3.4e38;

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The error function, to 1.2e-7 (Numerical Recipes' erfc). */
function erf(x: number): number {
  const t = 1 / (1 + Math.abs(x) / 2);
  const series = [1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  const sum = series.reduceRight((rest, one) => one + t * rest, 0);
  const erfc = t * Math.exp(-x * x - 1.26551223 + t * sum);
  return x >= 0 ? 1 - erfc : erfc - 1;
}

const held = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, x));

type Make = (numbers: readonly number[]) => (x: number) => number;

const FUNCTIONS: Readonly<Record<string, Make>> = {
  relu: () => (x) => Math.max(0, x),
  relu6: () => (x) => held(x, 0, 6),
  clipped_relu: ([slope = 0, top = UNBOUNDED, threshold = 0]) => (x) => {
    const value = x >= threshold ? x : slope * (x - threshold);
    return top >= UNBOUNDED ? value : Math.min(top, value);
  },
  leaky_relu: ([slope = 0.2]) => (x) => (x >= 0 ? x : slope * x),
  elu: ([alpha = 1]) => (x) => (x >= 0 ? x : alpha * Math.expm1(x)),
  selu: () => (x) => 1.05070098735548 * (x >= 0 ? x : 1.67326324235438 * Math.expm1(x)),
  gelu: () => (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  silu: () => (x) => x * sigmoid(x),
  sigmoid: () => sigmoid,
  tanh: () => Math.tanh,
  softplus: () => softplus,
  softsign: () => (x) => x / (1 + Math.abs(x)),
  exponential: () => Math.exp,
  hard_sigmoid: () => (x) => held(x / 6 + 0.5, 0, 1),
  hard_silu: () => (x) => x * held(x / 6 + 0.5, 0, 1),
  mish: () => (x) => x * Math.tanh(softplus(x)),
  log_sigmoid: () => (x) => -softplus(-x),
};

const NAMES: Readonly<Record<string, string>> = {
  relu: "ReLU", relu6: "ReLU6", leaky_relu: "leaky ReLU", elu: "ELU", selu: "SELU", gelu: "GELU", silu: "SiLU", hard_sigmoid: "hard sigmoid",
  hard_silu: "hard SiLU", log_sigmoid: "log sigmoid", log_softmax: "log softmax",
};

/** The function that works value by value; null for one that looks at other values too, or that isn't known. */
export function functionOf({ name, numbers }: Nonlinearity): ((x: number) => number) | null {
  return FUNCTIONS[name]?.(numbers) ?? null;
}

export function functionName({ name, numbers }: Nonlinearity): string {
  const [slope = 0, top = UNBOUNDED] = numbers;
  if (name === "clipped_relu") return slope !== 0 ? "leaky ReLU" : top < UNBOUNDED ? `ReLU${top}` : "ReLU";
  return NAMES[name] ?? name;
}
