// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import { base64, BYTES, deflated, manifest } from "./fixtures";
import { readInline } from "./inline";
import { SourceError } from "./source";

function add(id: string, text: string): HTMLElement {
  const script = document.createElement("script");
  script.type = "application/octet-stream;base64";
  script.dataset["blob"] = id;
  script.textContent = text;
  document.body.append(script);
  return script;
}

function end(): void {
  const marker = document.createElement("i");
  marker.id = "tensorview-end";
  document.body.append(marker);
}

/** What the parser does as bytes come: the state is "loading" until the last one. */
function parsing(): () => void {
  Object.defineProperty(document, "readyState", { value: "loading", configurable: true });
  return () => {
    Object.defineProperty(document, "readyState", { value: "interactive", configurable: true });
    document.dispatchEvent(new Event("DOMContentLoaded"));
  };
}

beforeEach(() => {
  Reflect.deleteProperty(document, "readyState");
  const head = document.createElement("script");
  head.id = "tensorview-manifest";
  const text = new TextEncoder().encode(JSON.stringify(manifest()));
  head.dataset["size"] = String(text.length);
  head.textContent = base64(deflated(text));
  document.body.replaceChildren(head);
});

describe("readInline", () => {
  it("inflates a blob that is there, and takes its element out of the document", async () => {
    const script = add("a", base64(deflated()));
    add("b", base64(deflated()));
    end();
    const { source, whole } = await readInline(document);
    expect(await source.blob("a")).toEqual(BYTES);
    expect(script.isConnected).toBe(false);
    await whole;
    // It is asked for again after it left the document.
    expect(await source.blob("a")).toEqual(BYTES);
  });

  it("waits for a blob that the parser has not reached", async () => {
    const done = parsing();
    const { source, whole } = await readInline(document);
    const asked = source.blob("b");
    add("a", base64(deflated()));
    add("b", base64(deflated()));
    end();
    done();
    expect(await asked).toEqual(BYTES);
    await whole;
  });

  it("does not take an element that is still growing", async () => {
    const done = parsing();
    const text = base64(deflated());
    const { source } = await readInline(document);
    const script = add("a", text.slice(0, 100));
    const asked = source.blob("a");
    await Promise.resolve();
    script.textContent = text;
    end();
    done();
    expect(await asked).toEqual(BYTES);
  });

  it("says that a file is truncated where its end is missing", async () => {
    const done = parsing();
    add("a", base64(deflated()));
    const { source, whole } = await readInline(document);
    const missing = source.blob("b");
    done();
    await expect(whole).rejects.toThrow(/truncated/);
    await expect(missing).rejects.toThrow(/truncated/);
    expect(await source.blob("a")).toEqual(BYTES);
  });

  it("says that a part is damaged: cut, garbled, or of another size", async () => {
    const text = base64(deflated());
    add("a", text.slice(0, 400));
    add("b", "%%%%");
    end();
    const { source } = await readInline(document);
    await expect(source.blob("a")).rejects.toThrow(/damaged.*“a”/);
    await expect(source.blob("b")).rejects.toThrow(/damaged.*“b”/);
    await expect(source.blob("c")).rejects.toThrow(SourceError);
  });

  it("refuses a file without a manifest, one that is no JSON, and one of another format", async () => {
    const head = document.getElementById("tensorview-manifest");
    if (!head) throw new Error("the test needs its manifest");
    const say = (said: string): void => {
      head.dataset["size"] = String(said.length);
      head.textContent = base64(deflated(new TextEncoder().encode(said)));
    };
    say("{");
    await expect(readInline(document)).rejects.toThrow(/not JSON/);
    say(JSON.stringify({ ...manifest(), format: 2 }));
    await expect(readInline(document)).rejects.toThrow("This bundle has format 2; this page reads format 1.");
    head.dataset["size"] = "7";
    await expect(readInline(document)).rejects.toThrow(/damaged.*“manifest”/);
    head.remove();
    await expect(readInline(document)).rejects.toThrow(/holds no manifest/);
  });
});
