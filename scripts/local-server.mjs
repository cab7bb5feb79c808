/** The local server: the Worker in the Workers runtime, with everything that wrangler.toml names. */

import { applyMigrations, listMigrations } from "./apply-migrations.mjs";
import { bundleWorker, loadParseSettings } from "./bundle-worker.mjs";
import { CommandError } from "./command.mjs";
import { openDataFolder } from "./data-folder.mjs";
import { ROOT } from "./install.mjs";
import { isLoopback, listenAddresses, listenError } from "./listen-addresses.mjs";
import { runtimeOptions } from "./runtime-options.mjs";
import { DATABASE, MIGRATIONS, VARS, WORKER_NAME, workerConfig } from "./worker-config.mjs";

/**
 * Starts the server and returns when it answers. Throws a Failure, and leaves the data as it was,
 * when it cannot start.
 * @param {object} options
 * @param {string} options.data folder, made if it is missing
 * @param {string} [options.host] localhost or an address
 * @param {number} [options.port] 0: any free port
 * @param {Record<string, string>} [options.vars] settings other than those of wrangler.toml
 * @param {boolean} [options.quiet] drops what the Worker logs instead of writing it to stderr
 * @param {boolean} [options.log] writes a line for each request, too
 * @param {string} [options.migrations] folder
 * @returns {Promise<{url: string, settings: Record<string, string>, miniflare: import("miniflare").Miniflare, database: () => Promise<import("@cloudflare/workers-types").D1Database>, dispose: () => Promise<void>}>}
 */
export async function startLocalServer({
  data,
  host = "localhost",
  port = 0,
  vars = {},
  quiet = false,
  log = false,
  migrations = MIGRATIONS,
}) {
  // The page that shows mail is for whoever sits here: there is none where others may come in.
  const MAIL =
    isLoopback(host) && isLoopback(URL.parse(vars.ORIGIN)?.hostname ?? host) ? "local" : "none";
  const settings = { ...VARS, MAIL, ...vars };
  const [worker, addresses, runtime] = await Promise.all([
    buildWorker(settings),
    listenAddresses(host, port),
    // The compiler is another process: this one has time to load Miniflare.
    import("miniflare"),
  ]);
  const known = listMigrations(migrations);
  const folder = openDataFolder(data, known);
  const options = {
    ...runtimeOptions(runtime),
    handleStructuredLogs({ level, message }) {
      // Requests are logged at the level "log", whatever needs attention above it.
      if (!quiet && (log || level !== "log"))
        console.error(level === "log" ? message : worker.mapStack(message));
    },
    resourcePersistencePath: folder.path,
    workers: [{ config: { ...workerConfig(settings), manifest: manifest(worker.script) } }],
  };
  const doors = addresses.map((address, index) => door(index, address, port));
  const open = { ...options, workers: [...options.workers, ...doors] };
  const isWhole = known.every((name) => folder.applied.includes(name));
  const miniflare = new runtime.Miniflare(isWhole ? open : options);
  let disposed;
  const dispose = () => {
    disposed ??= miniflare.dispose().finally(folder.release);
    return disposed;
  };
  try {
    if (!isWhole) {
      // Nobody comes in before the database is whole.
      await applyMigrations(await miniflare.getD1Database(DATABASE, WORKER_NAME), migrations);
      await miniflare.setOptions(open);
    }
    const url = await miniflare.unsafeGetDirectURL(doorName(0));
    const { origin } = new URL(`http://${displayHost(host)}:${url.port || 80}`);
    const database = () => miniflare.getD1Database(DATABASE, WORKER_NAME);
    return { url: origin, settings, miniflare, database, dispose };
  } catch (error) {
    await dispose();
    throw error.code === "ERR_ADDRESS_IN_USE" ? listenError(host, port, "EADDRINUSE") : error;
  }
}

/** Bundles the Worker and lets it check its settings. */
async function buildWorker(settings) {
  const [worker, parseSettings] = await Promise.all([bundleWorker(), loadParseSettings()]);
  try {
    parseSettings(settings);
  } catch (error) {
    throw new CommandError(error.message);
  }
  return worker;
}

function manifest(script) {
  return {
    mainModule: "index.js",
    modulesRoot: ROOT,
    modules: { "index.js": { type: "esm", contents: script } },
  };
}

const doorName = (index) => `door-${index}`;

/**
 * A socket that leads straight to the Worker. Miniflare's own entry would rewrite requests, and a
 * socket of the Worker itself would go round by the router of the assets, at half the speed. One
 * empty Worker per address, since Miniflare knows a socket by the Worker that it belongs to.
 */
function door(index, host, port) {
  return {
    config: {
      name: doorName(index),
      compatibilityDate: "2026-11-01",
      manifest: manifest("export default {};"),
    },
    dev: { unsafeDirectSockets: [{ host, port, serviceName: WORKER_NAME }] },
  };
}

/** What a browser on this machine can open. */
function displayHost(host) {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
