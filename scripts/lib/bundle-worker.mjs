/** Bundles the TypeScript of src/: the Worker, and the check of its settings. */

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
 * Bundles the Worker. `mapStack` translates positions in its stack traces to source files and lines.
 * Throws a CommandError with the compiler's message.
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
  // Large, and needed only for stack traces.
  let map;
  const mapped = (text) => {
    map ??= new SourceMap(JSON.parse(source));
    return mapStack(map, text);
  };
  return { script, mapStack: mapped };
}

/**
 * Loads `readSettings` of src/env.ts, to check settings before the Worker runs.
 * @returns {Promise<(vars: Record<string, string>) => unknown>} throws an Error that names wrong settings
 */
export async function loadParseSettings() {
  const [file] = await bundle({
    entryPoints: [join(ROOT, "src", "env.ts")],
    platform: "node",
  });
  const source = Buffer.from(file.text).toString("base64");
  return (await import(`data:text/javascript;base64,${source}`)).parseSettings;
}

/** Ends the compiler's process, which would otherwise wait for more work. */
export const stopCompiler = stop;

async function bundle(options) {
  try {
    return (await build({ ...OPTIONS, ...options })).outputFiles;
  } catch (error) {
    if (!error.errors) throw error;
    const [{ text, location }] = error.errors;
    const position = location ? ` at ${location.file}:${location.line}:${location.column + 1}` : "";
    throw new CommandError(`The Worker cannot be built${position}: ${text}`);
  }
}

/** The runtime calls the bundle index.js, in the project folder. */
function mapStack(map, text) {
  return text.replace(/\bindex\.js:(\d+):(\d+)/g, (position, line, column) => {
    const origin = map.findOrigin(Number(line), Number(column));
    if (!origin.fileName) return position;
    const file = resolve(ROOT, "out", origin.fileName).slice(ROOT.length);
    return `${file}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}
