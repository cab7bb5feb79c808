/** Bundles the scripts of pages that need packages: from transfer/browser/ into src/assets/built/. */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundle } from "./compiler.mjs";
import { ROOT } from "./install.mjs";

const OPTIONS = {
  entryPoints: ["export", "import"].map((name) => `transfer/browser/${name}.js`),
  outdir: "src/assets/built",
  minify: true,
  format: "esm",
  target: "es2024",
  legalComments: "none",
};

/** Writes what has changed. Each file is complete at any moment: several servers may start at once. */
export async function bundlePageScripts() {
  for (const { path: name, text } of await bundle("page-scripts", OPTIONS)) {
    const path = join(ROOT, name);
    if (readIfExists(path) === text) continue;
    mkdirSync(dirname(path), { recursive: true });
    const fresh = `${path}-${process.pid}`;
    writeFileSync(fresh, text);
    renameSync(fresh, path);
  }
}

function readIfExists(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}
