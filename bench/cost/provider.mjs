/** Starts an empty provider in the Workers runtime, whose data is deleted when it ends. */

import { join } from "node:path";
import { build } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";
import { applyMigrations } from "../../scripts/lib/apply-migrations.mjs";
import { bundleWorker } from "../../scripts/lib/bundle-worker.mjs";
import { ROOT } from "../../scripts/lib/install.mjs";
import { runtimeOptions } from "../../scripts/lib/runtime-options.mjs";
import {
  DATABASE,
  MIGRATIONS,
  VARS,
  WORKER_NAME,
  workerConfig,
} from "../../scripts/lib/worker-config.mjs";

export const HOST = "satchel.example";

/** The specifier, exactly, with which metered-worker.ts imports the deployed Worker. */
const DEPLOYED = "../../src/index";

/**
 * Starts the Worker as deployed; behind the meter if `metered`, with V8's inspector if `inspected`.
 * `db` is the index, to be filled directly without being metered.
 * @param {{metered?: boolean, inspected?: boolean}} options
 */
export async function startProvider({ metered = false, inspected = false }) {
  const settings = {
    ...VARS,
    DEFAULT_QUOTA_BYTES: String(10 ** 14),
    MAX_DOCUMENTS: String(10 ** 7),
    // Otherwise the first request in a minute would read the signing keys from D1.
    TOKEN_SECRETS: "a-public-secret-for-benchmarks-only",
  };
  const miniflare = new Miniflare({
    ...runtimeOptions({ Log, LogLevel }),
    ...(inspected ? { inspectorPort: 0 } : {}),
    handleStructuredLogs({ level, message }) {
      // Requests are logged at the level "log".
      if (level !== "log") console.error(message);
    },
    workers: [{ config: { ...workerConfig(settings), manifest: await manifest(metered) } }],
  });
  const db = await miniflare.getD1Database(DATABASE, WORKER_NAME);
  await applyMigrations(db, MIGRATIONS);
  /** @type {import("./test-user").Send} */
  const send = (path, init = {}) =>
    miniflare.dispatchFetch(new URL(path, `https://${HOST}`), { redirect: "manual", ...init });
  return { send, db, miniflare, dispose: () => miniflare.dispose() };
}

/** The modules to run. The metered Worker imports the deployed bundle unchanged. */
async function manifest(metered) {
  const deployed = { type: "esm", contents: (await bundleWorker()).script };
  if (!metered) {
    return { mainModule: "index.js", modulesRoot: ROOT, modules: { "index.js": deployed } };
  }
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "metered-worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    external: [DEPLOYED],
  });
  return {
    mainModule: "bench/cost/metered-worker.js",
    modulesRoot: ROOT,
    modules: {
      "bench/cost/metered-worker.js": { type: "esm", contents: outputFiles[0].text },
      "src/index": deployed,
    },
  };
}
