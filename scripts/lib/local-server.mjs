/** The local server: the Worker in the Workers runtime, with all bindings of wrangler.toml. */

import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { bundlePageScripts } from "./bundle-page-scripts.mjs";
import { bundleWorker, loadParseSettings } from "./bundle-worker.mjs";
import { indexFile } from "./check-databases.mjs";
import { CommandError } from "./command.mjs";
import { openDataFolder } from "./data-folder.mjs";
import { createFirstAdminLink } from "./first-admin-link.mjs";
import { ROOT } from "./install.mjs";
import { isLoopback, listenAddresses, listenError } from "./listen-addresses.mjs";
import { runtimeOptions } from "./runtime-options.mjs";
import { DATABASE, MIGRATIONS, VARS, WORKER_NAME, workerConfig } from "./worker-config.mjs";

/**
 * Starts the server and returns when it accepts requests. Throws a CommandError, and leaves the data
 * unchanged, if it cannot start.
 * @param {object} options
 * @param {string} options.data folder, created if it is missing
 * @param {string} [options.host] localhost or an address
 * @param {number} [options.port] 0: any free port
 * @param {Record<string, string>} [options.vars] settings that override those of wrangler.toml
 * @param {boolean} [options.quiet] discards the Worker's log instead of writing it to stderr
 * @param {boolean} [options.log] also logs each request
 * @param {boolean} [options.offersAdminLink] creates a set-up link, unless there is an administrator
 * @returns {Promise<{url: string, mailPath: string, settings: Record<string, string>, adminLink: string | null, miniflare: import("miniflare").Miniflare, database: () => Promise<import("@cloudflare/workers-types").D1Database>, dispose: () => Promise<void>}>}
 */
export async function startLocalServer({
  data,
  host = "localhost",
  port = 0,
  vars = {},
  quiet = false,
  log = false,
  offersAdminLink = false,
}) {
  // The page that shows all mail must not be reachable from other machines.
  const isPrivate =
    isLoopback(host) &&
    isLoopback(URL.parse(vars.ORIGIN)?.hostname ?? host) &&
    vars.TRUST_PROXY !== "yes";
  const MAIL = isPrivate ? "local" : "none";
  const settings = { ...VARS, MAIL, LOG_REQUESTS: log ? "yes" : "no", ...vars };
  const LOCAL_MAIL_KEY = randomBytes(16).toString("base64url");
  const [worker, addresses] = await Promise.all([
    buildWorker(settings),
    listenAddresses(host, port),
    bundlePageScripts(),
  ]);
  const folder = openDataFolder(data, MIGRATIONS);
  const sockets = addresses.map((address, index) => directSocket(index, address, port));
  let miniflare;
  let disposal;
  const dispose = () => {
    disposal ??= Promise.resolve(miniflare?.dispose()).finally(folder.release);
    return disposal;
  };
  try {
    const adminLink = offersAdminLink ? createFirstAdminLink(indexFile(folder.path)) : null;
    // Takes longest to load, and so only when nothing speaks against a start. An import would take longer
    // still: Node would compile all of it once more, to find out which kind of module it is.
    const runtime = createRequire(import.meta.url)("miniflare");
    miniflare = new runtime.Miniflare({
      ...runtimeOptions(runtime),
      handleStructuredLogs({ level, message }) {
        // Requests are logged at the level "log", warnings and errors above it.
        if (!quiet) console.error(level === "log" ? message : worker.mapStack(message));
      },
      resourcePersistencePath: folder.path,
      workers: [
        {
          config: {
            ...workerConfig({ ...settings, LOCAL_MAIL_KEY }),
            manifest: manifest(worker.script),
          },
        },
        ...sockets,
      ],
    });
    const url = await miniflare.unsafeGetDirectURL(socketName(0));
    const { origin } = new URL(`http://${displayHost(host)}:${url.port || 80}`);
    const database = () => miniflare.getD1Database(DATABASE, WORKER_NAME);
    const mailPath = `/mail?key=${LOCAL_MAIL_KEY}`;
    return { url: origin, mailPath, settings, adminLink, miniflare, database, dispose };
  } catch (error) {
    await dispose();
    throw error.code === "ERR_ADDRESS_IN_USE" ? listenError(host, port, "EADDRINUSE") : error;
  }
}

/** Bundles the Worker and checks its settings. */
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

const socketName = (index) => `socket-${index}`;

/**
 * A socket that passes requests directly to the Worker. Miniflare's own entry point would rewrite them,
 * and a socket of the Worker itself would go through the asset router, at half the speed. Each
 * address needs an empty Worker of its own, since Miniflare identifies a socket by its Worker.
 */
function directSocket(index, host, port) {
  return {
    config: {
      name: socketName(index),
      compatibilityDate: "2026-11-01",
      manifest: manifest("export default {};"),
    },
    dev: { unsafeDirectSockets: [{ host, port, serviceName: WORKER_NAME }] },
  };
}

/** The host as a browser on this machine can open it. */
function displayHost(host) {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
