import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { BYTES, deflated, manifest } from "./fixtures";
import { readHttp } from "./http";

let server: Server | undefined;
const asked: string[] = [];

async function serve(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const made = createServer((request, response) => {
    asked.push(request.url ?? "");
    const body = files[request.url ?? ""];
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}/view/page.html`;
}

afterEach(() => {
  server?.close();
  asked.length = 0;
});

describe("readHttp", () => {
  it("reads the manifest beside the page, and each blob once, when it is asked for", async () => {
    const base = await serve({ "/view/manifest.json": JSON.stringify(manifest()), "/view/blobs/a.bin": deflated() });
    const { source, whole } = await readHttp(base);
    await whole;
    expect(asked).toEqual(["/view/manifest.json"]);
    const [first, second] = await Promise.all([source.blob("a"), source.blob("a")]);
    expect(first).toEqual(BYTES);
    expect(second).toBe(first);
    expect(asked).toEqual(["/view/manifest.json", "/view/blobs/a.bin"]);
  });

  it("tells what the server said, and asks again the next time", async () => {
    const files: Record<string, string | Uint8Array> = { "/view/manifest.json": JSON.stringify(manifest()) };
    const { source } = await readHttp(await serve(files));
    await expect(source.blob("b")).rejects.toThrow("/view/blobs/b.bin could not be loaded: the server says 404.");
    files["/view/blobs/b.bin"] = deflated();
    expect(await source.blob("b")).toEqual(BYTES);
  });

  it("asks whether the server runs where nothing answers", async () => {
    const base = await serve({});
    await new Promise((resolve) => server?.close(resolve));
    await expect(readHttp(base)).rejects.toThrow(/Is the server still running/);
  });
});
