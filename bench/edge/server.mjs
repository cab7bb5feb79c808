/** Starts Satchel or the baseline Worker behind the latencies of the real platform. */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Log, LogLevel, Miniflare } from "miniflare";
import { applyMigrations } from "../../scripts/lib/apply-migrations.mjs";
import { bundleWorker } from "../../scripts/lib/bundle-worker.mjs";
import { runtimeOptions } from "../../scripts/lib/runtime-options.mjs";
import { DATABASE, MIGRATIONS, VARS, workerConfig } from "../../scripts/lib/worker-config.mjs";
import { copyDocument } from "../servers/copy-document.mjs";

const BASELINE = new URL("../baseline-worker.mjs", import.meta.url);
const WORKER = new URL("worker.mjs", import.meta.url);
const DELAY_BINDINGS = new URL("delay-bindings.mjs", import.meta.url);

const SETTINGS = {
  ...VARS,
  // Limits that would otherwise stop the bench.
  DEFAULT_QUOTA_BYTES: String(10 ** 12),
  REQUESTS_PER_SECOND: "1000000",
  // A deployment has one; otherwise the first request in a minute would read the signing keys from D1.
  TOKEN_SECRETS: "a-public-secret-for-benchmarks-only",
};

const SCRIPTS = {
  satchel: async () => (await bundleWorker()).script,
  baseline: async () => readFileSync(BASELINE, "utf8"),
};

/**
 * Starts a server with its data below `folder`.
 * @param {"satchel" | "baseline"} name
 * @param {string} folder
 * @param {import("./delay-bindings.mjs").Latencies} latencies
 * @param {number} [isolates] how many run the Worker, each at one of the `urls`
 */
export async function startEdgeServer(name, folder, latencies, isolates = 1) {
  const data = join(folder, name);
  mkdirSync(data, { recursive: true });
  const config = configFor(name, latencies);
  const script = manifest({
    "index.js": readFileSync(WORKER, "utf8"),
    "delay-bindings.js": readFileSync(DELAY_BINDINGS, "utf8"),
    "deployed.js": await SCRIPTS[name](),
  });
  const names = Array.from({ length: isolates }, (_, index) => (index ? `isolate-${index}` : ""));
  const miniflare = new Miniflare({
    ...runtimeOptions({ Log, LogLevel }),
    handleStructuredLogs({ level, message }) {
      // Requests are logged at the level "log".
      if (level !== "log") console.error(message);
    },
    resourcePersistencePath: data,
    workers: names.flatMap((other) => [
      // The objects belong to the first isolate.
      { config: { ...config, ...(other ? { name: other, exports: {} } : {}), manifest: script } },
      socketTo(other || config.name, config.compatibilityDate),
    ]),
  });
  const database = await miniflare.getD1Database(DATABASE, config.name);
  await applyMigrations(database, MIGRATIONS);
  const urls = [];
  for (const other of names) {
    const { origin } = await miniflare.unsafeGetDirectURL(socketName(other || config.name));
    urls.push(origin);
  }
  return {
    name,
    url: urls[0],
    urls,
    fillFolder: (...args) => copyDocument(database, ...args),
    stop: () => miniflare.dispose(),
  };
}

const socketName = (worker) => `socket-${worker}`;

/** As in scripts/lib/local-server.mjs: a direct socket to a Worker. */
const socketTo = (serviceName, compatibilityDate) => ({
  config: {
    name: socketName(serviceName),
    compatibilityDate,
    manifest: manifest({ "index.js": "export default {};" }),
  },
  dev: { unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, serviceName }] },
});

/** The baseline has only those of the bindings that it needs. */
function configFor(name, latencies) {
  const { assets, ...config } = workerConfig({ ...SETTINGS, LATENCIES: JSON.stringify(latencies) });
  if (name === "satchel") return { ...config, assets };
  const { DB, BODIES, USERS, LATENCIES } = config.env;
  const { UserObject } = config.exports;
  return { ...config, env: { DB, BODIES, USERS, LATENCIES }, exports: { UserObject } };
}

const manifest = (scripts) => ({
  mainModule: "index.js",
  modulesRoot: "/",
  modules: Object.fromEntries(
    Object.entries(scripts).map(([name, contents]) => [name, { type: "esm", contents }]),
  ),
});
