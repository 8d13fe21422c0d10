// A bundle inside the page itself: script elements that the parser brings one after another.

import { BlobCache } from "./cache";
import { fromBase64, inflate } from "./inflate";
import { parseManifest } from "./parse";
import { SourceError, type Opened } from "./source";

const CACHE_BYTES = 64 * 2 ** 20;

/** Hands out the text of the elements that carry blobs, as soon as the parser is through with each. */
class Elements {
  readonly whole: Promise<void>;
  /** How many have come so far. */
  count = 0;
  readonly #document: Document;
  readonly #waiting = new Map<string, ((element: Element | null) => void)[]>();
  readonly #found = new Map<string, Element>();
  #seen: Element | null = null;
  #ended = false;

  constructor(document: Document) {
    this.#document = document;
    this.whole = this.#watch();
    // Whoever needs it awaits it; a page that nobody watches is no unhandled error.
    this.whole.catch(() => undefined);
  }

  #watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      const observer = new MutationObserver(() => this.#scan());
      const finish = (): void => {
        observer.disconnect();
        this.#ended = true;
        this.#scan();
        for (const waiting of this.#waiting.values()) for (const answer of waiting) answer(null);
        this.#waiting.clear();
        if (this.#document.getElementById("tensorview-end")) resolve();
        else reject(new SourceError("This file is truncated: its end is missing. Download or export it again."));
      };
      if (this.#document.readyState === "loading") {
        observer.observe(this.#document.body, { childList: true });
        this.#document.addEventListener("DOMContentLoaded", finish, { once: true });
        this.#scan();
      } else {
        finish();
      }
    });
  }

  /** Notes the elements since the last scan. The last one may still be growing, so it waits for a successor. */
  #scan(): void {
    let element = this.#seen ? this.#seen.nextElementSibling : this.#document.body.firstElementChild;
    for (; element && (this.#ended || element.nextElementSibling); element = element.nextElementSibling) {
      this.#seen = element;
      const id = element.getAttribute("data-blob");
      if (id === null) continue;
      this.count++;
      this.#found.set(id, element);
      for (const answer of this.#waiting.get(id) ?? []) answer(element);
      this.#waiting.delete(id);
    }
  }

  /** The text of a blob's element, which leaves the document; null where the file ended without it. */
  async take(id: string): Promise<string | null> {
    const element =
      this.#found.get(id) ??
      (this.#ended
        ? null
        : await new Promise<Element | null>((answer) => {
            this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), answer]);
          }));
    if (!element) return null;
    const text = element.textContent;
    this.#found.delete(id);
    // The scan goes on from the last element seen, which must therefore stay.
    if (element === this.#seen) element.textContent = "";
    else element.remove();
    return text;
  }
}

/** The text of the manifest that stands before the app, deflated. */
async function manifestText(document: Document): Promise<string> {
  const element = document.getElementById("tensorview-manifest");
  const text = element?.textContent;
  if (!text) throw new SourceError("This file is damaged: it holds no manifest. Export it again.");
  const size = Number(element.dataset["size"]);
  return new TextDecoder().decode(await inflate(await fromBase64(text, "manifest"), size, "manifest"));
}

/** Reads the manifest, and each blob when it is asked for. */
export async function readInline(document: Document): Promise<Opened> {
  // Before anything is awaited: the parser goes on meanwhile.
  const elements = new Elements(document);
  const manifest = parseManifest(await manifestText(document));
  const sizes = new Map(manifest.blobs.map((blob) => [blob.id, blob.size]));
  const cache = new BlobCache(CACHE_BYTES);
  // What was read from the document once is kept packed, for the day the cache has let it go.
  const packed = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  const unpackText = async (id: string): Promise<Uint8Array<ArrayBuffer>> => {
    const body = await elements.take(id);
    if (body === null) {
      throw new SourceError(`This file is truncated: its part “${id}” is missing. Download or export it again.`);
    }
    return fromBase64(body, id);
  };
  const load = async (id: string): Promise<Uint8Array> => {
    const size = sizes.get(id);
    if (size === undefined) throw new SourceError(`This bundle has no part “${id}”.`);
    const bytes = packed.get(id) ?? unpackText(id);
    packed.set(id, bytes);
    return inflate(await bytes, size, id);
  };
  return { source: { manifest, blob: (id) => cache.get(id, () => load(id)) }, whole: elements.whole, share: () => elements.count / Math.max(1, sizes.size) };
}
