/** The Miniflare options that all local Workers runtimes of this project share. */

import { guardRuntimes } from "./guard-runtimes.mjs";

/**
 * The options of Miniflare that do not depend on the Worker. Runtimes that are started from now on are
 * killed with this process (guard-runtimes.mjs).
 * @param {Pick<typeof import("miniflare"), "Log" | "LogLevel">} miniflare
 */
export function runtimeOptions({ Log, LogLevel }) {
  guardRuntimes();
  // Miniflare passes these flags to V8. With a small young generation the simulators of R2 and D1
  // release the bytes they stream early; otherwise memory grows by the size of a large body.
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--max-semi-space-size=1";
  return {
    // Miniflare's own entry point, for its API; clients connect to direct sockets (local-server.mjs).
    host: "127.0.0.1",
    port: 0,
    // Each of these would connect to the internet or to other servers on this machine.
    cf: false,
    enableDevRegistry: false,
    telemetry: { enabled: false },
    logRequests: false,
    log: new Log(LogLevel.WARN),
  };
}
