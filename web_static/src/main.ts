// The page's start: open the bundle, build the page; where that fails, say why.

import { openSource } from "./bundle/open";
import { SourceError } from "./bundle/source";
import { page } from "./page";

/** The page in place of which there is only a line to read. */
function broken(root: HTMLElement, text: string): void {
  const line = document.createElement("p");
  line.textContent = text;
  line.setAttribute("role", "alert");
  root.replaceChildren(line);
  root.className = "broken";
}

async function start(): Promise<void> {
  const root = document.getElementById("tensorview");
  if (!root) throw new SourceError('This page should have an element with id "tensorview"; it has none. Export it again.');
  try {
    page(root, await openSource(root));
  } catch (error) {
    broken(root, error instanceof SourceError ? error.message : `This page could not be shown: ${String(error)}`);
    if (!(error instanceof SourceError)) throw error;
  }
}

void start();
