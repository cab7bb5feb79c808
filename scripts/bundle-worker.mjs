/** Turns the TypeScript of src/ into what runs: the Worker, and the check of its settings. */

import { SourceMap } from "node:module";
import { join, resolve } from "node:path";
import { build, stop } from "esbuild";
import { CommandError } from "./command.mjs";
import { ROOT } from "./install.mjs";
import { MAIN } from "./worker-config.mjs";

const OPTIONS = {
  bundle: true,
  write: false,
  format: "esm",
  target: "es2024",
  jsx: "automatic",
  jsxImportSource: "hono/jsx",
  loader: { ".css": "text", ".svg": "text" },
  absWorkingDir: ROOT,
  outdir: "out",
  logLevel: "silent",
};

/**
 * Bundles the Worker. `mapStack` gives the places in a stack trace of it by source file and line.
 * Throws a Failure with the compiler's message.
 */
export async function bundleWorker() {
  const files = await bundle({
    entryPoints: [MAIN],
    external: ["cloudflare:*", "node:*"],
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    sourcemap: "external",
    sourcesContent: false,
  });
  const script = files.find(({ path }) => path.endsWith(".js")).text;
  const source = files.find(({ path }) => path.endsWith(".map")).text;
  // Large, and needed only when something fails.
  let map;
  const mapped = (text) => {
    map ??= new SourceMap(JSON.parse(source));
    return mapStack(map, text);
  };
  return { script, mapStack: mapped };
}

/**
 * Loads the Worker's own check of its settings, which needs no Worker.
 * @returns {Promise<(vars: Record<string, string>) => unknown>} throws an Error that names a wrong one
 */
export async function loadParseSettings() {
  const [file] = await bundle({
    entryPoints: [join(ROOT, "src", "env.ts")],
    platform: "node",
  });
  const source = Buffer.from(file.text).toString("base64");
  return (await import(`data:text/javascript;base64,${source}`)).parseSettings;
}

/** Ends the compiler's process, which would wait for more work. */
export const stopCompiler = stop;

async function bundle(options) {
  try {
    return (await build({ ...OPTIONS, ...options })).outputFiles;
  } catch (error) {
    if (!error.errors) throw error;
    const [{ text, location }] = error.errors;
    const place = location ? ` at ${location.file}:${location.line}:${location.column + 1}` : "";
    throw new CommandError(`The Worker cannot be built${place}: ${text}`);
  }
}

/** The runtime speaks of the bundle as the file index.js in the folder of the project. */
function mapStack(map, text) {
  return text.replace(/\bindex\.js:(\d+):(\d+)/g, (place, line, column) => {
    const origin = map.findOrigin(Number(line), Number(column));
    if (!origin.fileName) return place;
    const file = resolve(ROOT, "out", origin.fileName).slice(ROOT.length);
    return `${file}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}
