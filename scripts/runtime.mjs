/** What every local Workers runtime of this project is started with. */

import { guardRuntimes } from "./guard.mjs";

/**
 * The options of Miniflare that have nothing to do with what runs in it. Guards the runtimes that
 * are started from now on.
 * @param {Pick<typeof import("miniflare"), "Log" | "LogLevel">} miniflare
 */
export function runtimeOptions({ Log, LogLevel }) {
  guardRuntimes();
  // Miniflare's own way to hand flags to V8. With a small nursery the simulators of R2 and D1 keep
  // little of the bytes that pass through them; otherwise a large body leaves its size behind.
  process.env.MINIFLARE_WORKERD_V8_FLAGS ??= "--max-semi-space-size=1";
  return {
    // Miniflare's own entry, for its API; people and apps come in through the doors.
    host: "127.0.0.1",
    port: 0,
    // Each of these would speak with the outside or with other servers of this machine.
    cf: false,
    enableDevRegistry: false,
    telemetry: { enabled: false },
    logRequests: false,
    log: new Log(LogLevel.WARN),
  };
}
