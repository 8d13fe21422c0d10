// Every rule that the manifest knows, one line each; one that is missing fails to compile.

import type { Rule } from "../bundle/manifest.gen";
import { attend, embedding, scores } from "./attention";
import { bilinear } from "./bilinear";
import { dense } from "./dense";
import { add, average, concatenate, divide, larger, multiply, smaller, stack, subtract } from "./merges";
import { moved } from "./moves";
import { normalise } from "./norms";
import { product } from "./products";
import { maxOver, meanOver, minOver, sumOver } from "./reductions";
import { activation, glu, prelu, rescale, scale, standardise } from "./single";
import type { Reckon } from "./types";
import { Untold } from "./values";
import { conv, depthwise, maximum, mean, separable } from "./windows";

const recurrent: Reckon = () => {
  throw new Untold("A recurrent layer works from its input at this step and from what it kept of the steps before; the sum inside of it is not told.");
};

export const RULES: Readonly<Record<Rule["name"], Reckon>> = {
  conv, depthwise, separable, transposed: conv, max: maximum, mean, dense, add, subtract, multiply, average, maximum: larger,
  minimum: smaller, concatenate, same: moved, reshape: moved, permute: moved, repeat: moved, shift: moved, scale, normalise,
  rms: normalise, group: normalise, rescale, activation, prelu, embedding, scores, attend, recurrent,
  divide, stack, mean_over: meanOver, sum_over: sumOver, max_over: maxOver, min_over: minOver, slice: moved, product, bilinear, unit: normalise, glu, standardise,
};
