/** Starts the compared servers, each in its own process. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../scripts/lib/command.mjs";
import { findNode6 } from "./node-6.mjs";

/** How long a server may take to end. */
const STOP_MS = 5_000;

/** How long one may take that answers nothing any more. */
const STOP_HUNG_MS = 500;

const SERVER_PROCESS = new URL("server-process.mjs", import.meta.url);
const RESTORE_PROCESS = new URL("restore-on-node-6.cjs", import.meta.url);

/**
 * Starts a server with its data below `folder`, and returns when it accepts requests. Throws a
 * CommandError if it does not start.
 * @param {string} name of a module in this folder, such as "satchel"
 * @param {string} folder
 * @returns {Promise<{name: string, url: string, pid: number, fillFolder: Function, stop: Function}>}
 *   `pid`: the server process, which is the Workers runtime or Node. `fillFolder(user, path, count)`
 *   copies the document-0 of a folder until it has `count` documents. `stop({isHung})` ends the process.
 */
export async function startServer(name, folder) {
  const data = join(folder, name);
  mkdirSync(data);
  const child = forkServer(name, data);
  const { url, pid, failure } = await receive(child, name);
  if (failure) throw new CommandError(`${name} did not start: ${failure}`);
  return {
    name,
    url,
    pid,
    async fillFolder(user, path, count) {
      child.send({ user, folder: path, count });
      await receive(child, name);
    },
    async stop({ isHung = false } = {}) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      // A server that is in an endless loop does not see that.
      const timer = setTimeout(() => child.kill("SIGKILL"), isHung ? STOP_HUNG_MS : STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Starts the process. What it logs goes to the standard error: the standard output is the bench's report. */
function forkServer(name, data) {
  const stdio = ["ignore", 2, 2, "ipc"];
  if (name !== "restore-on-node-6") return fork(SERVER_PROCESS, [name, data], { stdio });
  return fork(RESTORE_PROCESS, [data], { stdio, execPath: findNode6(), execArgv: [], env: {} });
}

/** The next message of the process. Throws a CommandError if it ends. */
async function receive(child, name) {
  const ended = new AbortController();
  const exited = once(child, "exit", { signal: ended.signal }).then(() => {
    throw new CommandError(`${name} ended; see its output above.`);
  });
  try {
    const [message] = await Promise.race([once(child, "message"), exited]);
    return message;
  } finally {
    exited.catch(() => {});
    ended.abort();
  }
}
