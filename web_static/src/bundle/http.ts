// A bundle in a folder or on a server: manifest.json and blobs/ID.bin beside the page.

import { BlobCache } from "./cache";
import { inflate } from "./inflate";
import { parseManifest } from "./parse";
import { SourceError, type Opened } from "./source";

const CACHE_BYTES = 64 * 2 ** 20;

async function get(url: URL): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    const hint = url.protocol === "file:" ? " A folder must be served: tensorview serve FOLDER." : " Is the server still running?";
    throw new SourceError(`${url.pathname} could not be loaded.${hint}`);
  }
  if (!response.ok) throw new SourceError(`${url.pathname} could not be loaded: the server says ${response.status}.`);
  return response;
}

/** Reads manifest.json beside the page at `base`, and each blob when it is asked for. */
export async function readHttp(base: string): Promise<Opened> {
  const manifest = parseManifest(await (await get(new URL("manifest.json", base))).text());
  const sizes = new Map(manifest.blobs.map((blob) => [blob.id, blob.size]));
  const cache = new BlobCache(CACHE_BYTES);
  const load = async (id: string): Promise<Uint8Array> => {
    const size = sizes.get(id);
    if (size === undefined) throw new SourceError(`This bundle has no part “${id}”.`);
    const response = await get(new URL(`blobs/${encodeURIComponent(id)}.bin`, base));
    return inflate(new Uint8Array(await response.arrayBuffer()), size, id);
  };
  return { source: { manifest, blob: (id) => cache.get(id, () => load(id)) }, whole: Promise.resolve(), share: () => 1 };
}
