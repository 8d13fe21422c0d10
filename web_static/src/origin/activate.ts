// What follows a sum in the same layer: the bias, which is in it already, and the activation.

import { functionName, functionOf } from "./functions";
import { through, type Known } from "./known";
import type { Case, Step, Sum } from "./types";
import { Untold } from "./values";
import { valueText } from "../words/format";

export function biasStep(bias: Known | null, sum: Known): Step[] {
  return bias ? [{ text: `+ bias ${valueText(bias.value)}`, value: sum.value }] : [];
}

/** Steps and result from a sum with its bias. Softmax, which looks at other units too, is told elsewhere. */
export function activated({ rule }: Case, sum: Known, bias: Known | null): Pick<Sum, "steps" | "result"> {
  const steps = biasStep(bias, sum);
  if (!rule.activation) return { steps, result: sum };
  const f = functionOf(rule.activation);
  if (!f) throw new Untold(`The activation ${rule.activation.name} looks at other values too.`);
  const result = through(sum, f);
  return { steps: [...steps, { text: `→ ${functionName(rule.activation)}`, value: result.value }], result };
}
