/** A provider in the Workers runtime with nothing in it, whose data is gone when it ends. */

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

/** The name by which the metered Worker imports the one that is deployed. */
const DEPLOYED = "../../src/index";

/**
 * Starts the Worker as it is deployed, behind the meter if `metered`, and with V8's inspector if
 * `inspected`. `db` is the index, for whoever wants to fill it; that is not metered.
 * @param {{metered?: boolean, inspected?: boolean}} options
 */
export async function startProvider({ metered = false, inspected = false }) {
  const settings = {
    ...VARS,
    DEFAULT_QUOTA_BYTES: String(10 ** 14),
    // Else whatever is asked first in a minute would pay for reading the keys from D1.
    TOKEN_SECRETS: "known-to-everybody-who-reads-the-bench",
  };
  const miniflare = new Miniflare({
    ...runtimeOptions({ Log, LogLevel }),
    ...(inspected ? { inspectorPort: 0 } : {}),
    workers: [{ config: { ...workerConfig(settings), manifest: await manifest(metered) } }],
  });
  const db = await miniflare.getD1Database(DATABASE, WORKER_NAME);
  await applyMigrations(db, MIGRATIONS);
  /** @type {import("./test-user").Send} */
  const send = (path, init = {}) =>
    miniflare.dispatchFetch(new URL(path, `https://${HOST}`), { redirect: "manual", ...init });
  return { send, db, miniflare, dispose: () => miniflare.dispose() };
}

/** The meter imports the deployed bundle as it is, byte for byte. */
async function manifest(metered) {
  const deployed = { type: "esm", contents: (await bundleWorker()).script };
  if (!metered) {
    return { mainModule: "index.js", modulesRoot: ROOT, modules: { "index.js": deployed } };
  }
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    external: [DEPLOYED],
  });
  return {
    mainModule: "bench/cost/worker.js",
    modulesRoot: ROOT,
    modules: {
      "bench/cost/worker.js": { type: "esm", contents: outputFiles[0].text },
      "src/index": deployed,
    },
  };
}
