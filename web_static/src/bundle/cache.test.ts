import { expect, it } from "vitest";
import { BlobCache } from "./cache";

it("lets go of what was used longest ago, never of the newest", async () => {
  const cache = new BlobCache(100);
  const loads: string[] = [];
  const get = (id: string, size: number): Promise<Uint8Array> =>
    cache.get(id, () => {
      loads.push(id);
      return Promise.resolve(new Uint8Array(size));
    });
  await get("a", 40);
  await get("b", 40);
  await get("a", 40);
  await get("c", 40);
  await get("a", 40);
  expect(loads).toEqual(["a", "b", "c"]);
  await get("b", 40);
  expect(loads).toEqual(["a", "b", "c", "b"]);
  await get("huge", 500);
  await get("huge", 500);
  expect(loads.filter((id) => id === "huge")).toHaveLength(1);
});
