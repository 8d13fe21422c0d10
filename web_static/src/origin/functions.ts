// Activation functions, as Keras has them.

import type { Nonlinearity } from "../bundle/manifest.gen";
import { valueText } from "../words/format";

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
  celu: ([alpha = 1]) => (x) => Math.max(0, x) + alpha * Math.expm1(Math.min(0, x) / alpha),
  gelu: ([approximate = 0]) => (x) => 0.5 * x * (1 + (approximate ? Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)) : erf(x / Math.SQRT2))),
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
  hard_tanh: () => (x) => held(x, -1, 1),
  hard_shrink: ([edge = 0.5]) => (x) => (Math.abs(x) > edge ? x : 0),
  soft_shrink: ([edge = 0.5]) => (x) => x - held(x, -edge, edge),
  tanh_shrink: () => (x) => x - Math.tanh(x),
  threshold: ([edge = 0, otherwise = 0]) => (x) => (x > edge ? x : otherwise),
  squareplus: ([b = 4]) => (x) => (x + Math.sqrt(x * x + b)) / 2,
  sparse_plus: () => (x) => (x <= -1 ? 0 : x < 1 ? (x + 1) ** 2 / 4 : x),
  sparse_sigmoid: () => (x) => held((x + 1) / 2, 0, 1),
  clip: ([low = 0, high = 1]) => (x) => held(x, low, high),
  at_least: ([low = 0]) => (x) => Math.max(x, low),
  at_most: ([high = 0]) => (x) => Math.min(x, high),
  abs: () => Math.abs,
  negative: () => (x) => -x,
  expm1: () => Math.expm1,
  log: () => Math.log,
  log1p: () => Math.log1p,
  sqrt: () => Math.sqrt,
  rsqrt: () => (x) => 1 / Math.sqrt(x),
  square: () => (x) => x * x,
  power: ([exponent = 1]) => (x) => x ** exponent,
  over: ([dividend = 1]) => (x) => dividend / x,
  sin: () => Math.sin,
  cos: () => Math.cos,
};

const NAMES: Readonly<Record<string, string>> = {
  relu: "ReLU", relu6: "ReLU6", leaky_relu: "leaky ReLU", elu: "ELU", selu: "SELU", gelu: "GELU", silu: "SiLU", hard_sigmoid: "hard sigmoid",
  hard_silu: "hard SiLU", log_sigmoid: "log sigmoid", log_softmax: "log softmax", celu: "CELU", hard_tanh: "hard tanh", hard_shrink: "hard shrink", soft_shrink: "soft shrink", tanh_shrink: "tanh shrink",
  sparse_plus: "sparse plus", sparse_sigmoid: "sparse sigmoid", abs: "absolute value", sqrt: "square root", rsqrt: "1 ÷ square root",
};

/** Those that their numbers tell better than a name. */
const WORDS: Readonly<Record<string, (numbers: readonly number[]) => string>> = {
  clip: ([low = 0, high = 1]) => `held between ${valueText(low)} and ${valueText(high)}`,
  at_least: ([low = 0]) => `at least ${valueText(low)}`,
  at_most: ([high = 0]) => `at most ${valueText(high)}`,
  power: ([exponent = 1]) => `to the power of ${valueText(exponent)}`,
  over: ([dividend = 1]) => `${valueText(dividend)} ÷ it`,
  threshold: ([edge = 0, otherwise = 0]) => `${valueText(otherwise)} up to ${valueText(edge)}`,
};

/** The function that works value by value; null for one that looks at other values too, or that isn't known. */
export function functionOf({ name, numbers }: Nonlinearity): ((x: number) => number) | null {
  return FUNCTIONS[name]?.(numbers) ?? null;
}

export function functionName({ name, numbers }: Nonlinearity): string {
  const [slope = 0, top = UNBOUNDED] = numbers;
  if (name === "clipped_relu") return slope !== 0 ? "leaky ReLU" : top < UNBOUNDED ? `ReLU${top}` : "ReLU";
  return WORDS[name]?.(numbers) ?? NAMES[name] ?? name;
}
