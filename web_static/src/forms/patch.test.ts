import { expect, it } from "vitest";
import { patchOf } from "./patch";

const conv = (kernel: string, stride: string, padding: string, name = "Conv2D"): Parameters<typeof patchOf>[0] => ({
  class_name: name,
  facts: [{ name: name.includes("Pool") ? "window" : "kernel", value: kernel }, { name: "stride", value: stride }, { name: "padding", value: padding }],
});

it("is the window that a valid convolution slides", () => {
  expect(patchOf(conv("5×5", "1×1", "valid"), [14, 14], [10, 10], { y: 6, x: 3 })).toEqual({ top: 6, left: 3, height: 5, width: 5, deep: true });
  expect(patchOf(conv("2×2", "2×2", "valid", "MaxPooling2D"), [28, 28], [14, 14], { y: 13, x: 0 })).toEqual({ top: 26, left: 0, height: 2, width: 2, deep: false });
});

it("is cut where padding begins, which same puts after rather than before when it is odd", () => {
  expect(patchOf(conv("5×5", "1×1", "same"), [28, 28], [28, 28], { y: 0, x: 27 })).toMatchObject({ top: 0, left: 25, height: 3, width: 3 });
  expect(patchOf(conv("3×3", "2×2", "same"), [224, 224], [112, 112], { y: 0, x: 111 })).toMatchObject({ top: 0, left: 222, height: 3, width: 2 });
});

it("is unknown for what is no window over maps", () => {
  expect(patchOf(conv("2×2", "2×2", "valid", "Conv2DTranspose"), [6, 6], [12, 12], { y: 0, x: 0 })).toBeNull();
  expect(patchOf({ class_name: "Conv2D", facts: [] }, [6, 6], [6, 6], { y: 0, x: 0 })).toBeNull();
});
