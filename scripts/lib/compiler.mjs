/** Bundles with esbuild, unless nothing has changed since the last time: the compiler is then not even loaded. */

import { join, relative } from "node:path";
import { cached } from "./bundle-cache.mjs";
import { ROOT } from "./install.mjs";

const CACHE = join(ROOT, "node_modules", ".cache", "satchel");

let isCompilerUsed = false;

/**
 * Bundles. Rejects with esbuild's error, whose `errors` say what is wrong where.
 * @param {string} name in the cache
 * @param {import("esbuild").BuildOptions} options with paths in the project folder
 * @returns {Promise<{path: string, text: string}[]>} the bundles, and their source maps if there are any; each `path` is
 *   one in the project folder
 */
export function bundle(name, options) {
  return cached({ file: join(CACHE, `${name}.bundle`), root: ROOT, options }, async () => {
    const { build } = await import("esbuild");
    isCompilerUsed = true;
    const { outputFiles, metafile } = await build({
      ...options,
      absWorkingDir: ROOT,
      bundle: true,
      write: false,
      metafile: true,
      logLevel: "silent",
    });
    const outputs = outputFiles.map(({ path, text }) => ({ path: relative(ROOT, path), text }));
    return { inputs: Object.keys(metafile.inputs), outputs };
  });
}

/** Ends the compiler's process, which would otherwise wait for more work. */
export async function stopCompiler() {
  if (isCompilerUsed) await (await import("esbuild")).stop();
}
