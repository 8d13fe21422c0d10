// The patch of its input that a cell of a convolution or pooling was worked out from.

import type { NodeInfo } from "../bundle/manifest.gen";

/** A place in a map, all sides in cells. */
export interface Patch {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  /** Whether it reaches through all channels of the input, or only the cell's own. */
  readonly deep: boolean;
}

const DEEP = new Set(["Conv2D", "SeparableConv2D"]);
const FLAT = new Set(["DepthwiseConv2D", "MaxPooling2D", "AveragePooling2D"]);

/** "5×3" -> [5, 3]; one number counts for both. */
function pair(text: string | undefined): readonly [number, number] | null {
  const numbers = text?.split("×").map(Number) ?? [];
  const [first, second = first] = numbers;
  return first !== undefined && second !== undefined && numbers.every((number) => Number.isInteger(number) && number > 0) ? [first, second] : null;
}

/**
 * The patch behind the cell at (y, x) of an output of `output` rows and columns over an input of `input`. Null for
 * layers that are neither convolution nor pooling over maps, and where a fact is missing.
 */
export function patchOf(
  { class_name: name, facts }: Pick<NodeInfo, "class_name" | "facts">,
  input: readonly [number, number],
  output: readonly [number, number],
  cell: { readonly y: number; readonly x: number },
): Patch | null {
  if (!DEEP.has(name) && !FLAT.has(name)) return null;
  const fact = (key: string): string | undefined => facts.find((item) => item.name === key)?.value;
  const kernel = pair(fact("kernel") ?? fact("window"));
  const stride = pair(fact("stride") ?? "1");
  const dilation = pair(fact("dilation") ?? "1");
  if (!kernel || !stride || !dilation) return null;
  const along = (axis: 0 | 1, place: number): readonly [number, number] => {
    const reach = (kernel[axis] - 1) * dilation[axis] + 1;
    const missing = Math.max(0, (output[axis] - 1) * stride[axis] + reach - input[axis]);
    const start = place * stride[axis] - (fact("padding") === "same" ? Math.floor(missing / 2) : 0);
    const from = Math.max(0, start);
    return [from, Math.max(0, Math.min(input[axis], start + reach) - from)];
  };
  const [[top, height], [left, width]] = [along(0, cell.y), along(1, cell.x)];
  return height > 0 && width > 0 ? { top, left, height, width, deep: DEEP.has(name) } : null;
}
