// @vitest-environment happy-dom

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { progress } from "./progress";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function task(): { work: Promise<void>; end: () => void; fail: () => void } {
  let [end, fail] = [(): void => undefined, (): void => undefined];
  const work = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = () => reject(new Error("cut short"));
  });
  return { work, end, fail };
}

it("shows how much of the file is there until all of it is", async () => {
  const file = task();
  let share = 0.25;
  const { element } = progress(file.work, () => share);
  expect(element.hidden).toBe(true);
  await vi.advanceTimersByTimeAsync(300);
  expect([element.hidden, element.getAttribute("aria-valuenow")]).toEqual([false, "25"]);
  share = 0.8;
  await vi.advanceTimersByTimeAsync(100);
  expect(element.getAttribute("aria-valuenow")).toBe("80");
  file.end();
  await vi.advanceTimersByTimeAsync(100);
  expect(element.hidden).toBe(true);
});

it("counts layers that are unpacked by their bytes, and says nothing of quick ones", async () => {
  const made = progress(Promise.resolve(), () => 1);
  await vi.advanceTimersByTimeAsync(1000);
  const [small, large] = [task(), task()];
  made.wait(small.work, 100);
  await vi.advanceTimersByTimeAsync(200);
  expect(made.element.hidden).toBe(true);
  made.wait(large.work, 300);
  small.fail();
  await vi.advanceTimersByTimeAsync(100);
  expect([made.element.hidden, made.element.getAttribute("aria-valuenow")]).toEqual([false, "25"]);
  large.end();
  await vi.advanceTimersByTimeAsync(100);
  expect(made.element.hidden).toBe(true);
  made.wait(task().work, 100);
  await vi.advanceTimersByTimeAsync(300);
  expect(made.element.getAttribute("aria-valuenow")).toBe("0");
});
