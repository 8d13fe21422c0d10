// Opens the bundle that the page belongs to.

import { readHttp } from "./http";
import { readInline } from "./inline";
import { SourceError, type Opened } from "./source";

/** `root` is the page's root element; its data-source says where the bundle is. Throws SourceError. */
export async function openSource(root: HTMLElement): Promise<Opened> {
  const kind = root.dataset["source"];
  if (kind === "inline") return readInline(root.ownerDocument);
  if (kind === "http") return readHttp(root.ownerDocument.baseURI);
  throw new SourceError(`This page should say data-source="inline" or "http", but it says "${kind ?? ""}".`);
}
