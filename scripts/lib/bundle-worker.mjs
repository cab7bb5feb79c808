/** Bundles the TypeScript of src/: the Worker, and the check of its settings. */

import { SourceMap } from "node:module";
import { relative, resolve } from "node:path";
import { CommandError } from "./command.mjs";
import { bundle } from "./compiler.mjs";
import { ROOT } from "./install.mjs";
import { MAIN } from "./worker-config.mjs";

const OPTIONS = {
  format: "esm",
  target: "es2024",
  jsx: "automatic",
  jsxImportSource: "hono/jsx",
  loader: { ".css": "text", ".svg": "text" },
  outdir: "out",
};

/**
 * Bundles the Worker. `mapStack` translates positions in its stack traces to source files and lines.
 * Throws a CommandError with the compiler's message.
 */
export async function bundleWorker() {
  const files = await bundleSource("worker", {
    entryPoints: [relative(ROOT, MAIN)],
    external: ["cloudflare:*", "node:*"],
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["browser", "module", "main"],
    sourcemap: "external",
    sourcesContent: false,
    // Miniflare takes longer to pass a larger script on. Names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
  });
  const script = files.find(({ path }) => path.endsWith(".js")).text;
  const source = files.find(({ path }) => path.endsWith(".map"));
  // Large, and needed only for stack traces.
  let map;
  const mapped = (text) => {
    map ??= new SourceMap(JSON.parse(source.text));
    return mapStack(map, text);
  };
  return { script, mapStack: mapped };
}

/**
 * Loads `parseSettings` of src/env.ts, to check settings before the Worker runs.
 * @returns {Promise<(vars: Record<string, string>) => unknown>} throws an Error that names wrong settings
 */
export async function loadParseSettings() {
  const [file] = await bundleSource("settings", {
    entryPoints: ["src/env.ts"],
    platform: "node",
  });
  const source = Buffer.from(file.text).toString("base64");
  return (await import(`data:text/javascript;base64,${source}`)).parseSettings;
}

async function bundleSource(name, options) {
  try {
    return await bundle(name, { ...OPTIONS, ...options });
  } catch (error) {
    if (!error.errors) throw error;
    throw buildError(error.errors[0]);
  }
}

function buildError({ text, location }) {
  const position = location ? ` at ${location.file}:${location.line}:${location.column + 1}` : "";
  return new CommandError(`The Worker cannot be built${position}: ${text}`);
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
