/** What a command line runs in: a process that has an environment and streams, and that is told to end. */

import { EXIT } from "./exit-codes.js";

/** npm sends the signal of a Ctrl-C again, so a second one only counts after this. */
const SAME_SIGNAL_MS = 1000;

/**
 * @typedef {object} Host a process, or what stands in for one
 * @property {NodeJS.ProcessEnv} env
 * @property {import("node:stream").Readable} stdin
 * @property {import("node:stream").Writable} stdout
 * @property {import("node:stream").Writable & {isTTY?: boolean}} stderr
 */

/** Aborts at the first Ctrl-C, so that commands can clean up, and ends the process at the second. */
export function abortOnInterrupt() {
  const controller = new AbortController();
  let first = 0;
  for (const name of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
    process.on(name, () => {
      if (first === 0) first = Date.now();
      else if (Date.now() - first > SAME_SIGNAL_MS) process.exit(EXIT.interrupted);
      controller.abort();
    });
  }
  return controller.signal;
}

/** Ends the process when nobody reads on what it prints, such as by `| head`. */
export function endWithReader() {
  process.stdout.on("error", ({ code }) =>
    process.exit(code === "EPIPE" ? EXIT.done : EXIT.failed),
  );
}
