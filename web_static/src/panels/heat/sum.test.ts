import { expect, it } from "vitest";
import { floatTensor } from "../../bundle/tensor";
import { apart, most, relu, sumOf, total, weighted } from "./sum";

it("a Grad-CAM is the sum of maps times weights, what is below zero cut off", () => {
  // Two channels of 1×3, by hand.
  const maps = floatTensor([2, 1, 3], Float32Array.of(1, 2, 0, 4, 0, 1));
  const products = weighted(maps, Float32Array.of(2, -0.5));
  expect([...(products.values ?? [])]).toEqual([2, 4, 0, -2, -0, -0.5]);
  const sum = sumOf(products);
  expect(sum.shape).toEqual([1, 1, 3]);
  expect([...(sum.values ?? [])]).toEqual([0, 4, -0.5]);
  expect([...(relu(sum).values ?? [])]).toEqual([0, 4, 0]);
  expect([most(sum), total(sum)]).toEqual([4, 3.5]);
  expect(apart(sum, relu(sum))).toBe(0.5);
});
