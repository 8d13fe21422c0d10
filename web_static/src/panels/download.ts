// Files that the page gives away.

import { el } from "./dom";

export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = el("a", { href: url, download: name });
  link.click();
  // The browser reads the address after this turn.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A file name from a title or layer name that every system takes. */
export function fileName(...parts: readonly string[]): string {
  const text = parts.map((part) => part.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[_.]+|_+$/g, "")).filter(Boolean).join("-");
  return text.slice(0, 120) || "tensorview";
}
