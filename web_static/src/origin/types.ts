// What is told of where a value comes from.

import type { NodeInfo, Rule } from "../bundle/manifest.gen";
import type { Known } from "./known";
import type { Index } from "./places";
import type { Kernel, Values } from "./values";

/** A value of a node's output, in the model's own order of axes. */
export interface Spot {
  readonly node: string;
  readonly index: Index;
}

/** Values to be drawn as a small picture, NaN where there is nothing. */
export interface Patch {
  readonly height: number;
  readonly width: number;
  readonly values: readonly number[];
}

/** One summand. */
export interface Term {
  readonly label: string;
  readonly part: Known;
  /** Where a click leads: the value that counts most in it. */
  readonly spot: Spot | null;
  /** What is multiplied, as pictures or as two numbers. */
  readonly input?: Patch;
  readonly kernel?: Patch;
  readonly factors?: readonly [number, number];
}

export interface Step {
  readonly text: string;
  /** What has been reached with it; null where the text says it. */
  readonly value: number | null;
}

/** How a value is worked out. */
export interface Sum {
  /** What is done, in a few words: "patch × kernel, a line for each input channel". */
  readonly how: string;
  readonly terms: readonly Term[];
  /** How the terms are joined. */
  readonly sign: "+" | "×" | "max" | "min" | "";
  readonly steps: readonly Step[];
  readonly result: Known;
  /** Size of what was added up, for the rounding of the model's own arithmetic. */
  readonly magnitude: number;
}

/** All that a rule needs. */
export interface Case {
  readonly node: NodeInfo;
  readonly rule: Rule;
  readonly own: Values;
  readonly inputs: readonly Values[];
  /** Throws Untold where the weights are not in the file. */
  readonly weight: (name: string) => Kernel;
  readonly has: (name: string) => boolean;
  readonly label: (node: string) => string;
}

export type Reckon = (one: Case, index: Index) => Sum;
