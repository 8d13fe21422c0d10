// Builds dist/: each page one classic script, so that a page opened from disk can run it, and one style sheet.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import path from "node:path";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
await build({
  absWorkingDir: root,
  entryPoints: [
    { in: "src/main.ts", out: "app" },
    { in: "src/style.css", out: "app" },
    // The server's pages: the same page with what only a live model can do, and the library.
    { in: "src/live/main.ts", out: "live" },
    { in: "src/live/live.css", out: "live" },
    { in: "src/library/main.ts", out: "library" },
    { in: "src/library/library.css", out: "library" },
  ],
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "iife",
  target: ["chrome105", "firefox113", "safari16.4"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});
