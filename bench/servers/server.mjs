/** The servers that are compared, each in a process of its own. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../scripts/lib/command.mjs";

const CHILD = new URL("child.mjs", import.meta.url);

/**
 * Starts a server, with its data below `folder`, and returns when it answers. Throws a Failure
 * when it does not start.
 * @param {"satchel" | "floor" | "armadietto" | "rxdb"} name
 * @param {string} folder
 * @returns {Promise<{name: string, url: string, pid: number, fillFolder: Function, stop: Function}>}
 *   `pid` is the process that serves: the runtime of the Workers, or the Node of the others.
 *   `fillFolder(user, path, count)` makes of a folder that has document-0 one that has `count`.
 */
export async function startServer(name, folder) {
  const data = join(folder, name);
  mkdirSync(data);
  const child = fork(CHILD, [name, data], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const { url, pid, failure } = await reply(child, name);
  if (failure) throw new CommandError(`${name} did not start: ${failure}`);
  return {
    name,
    url,
    pid,
    async fillFolder(user, path, count) {
      child.send({ user, folder: path, count });
      await reply(child, name);
    },
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

async function reply(child, name) {
  const ended = new AbortController();
  const gone = once(child, "exit", { signal: ended.signal }).then(() => {
    throw new CommandError(`${name} has ended; its reasons stand above.`);
  });
  try {
    const [message] = await Promise.race([once(child, "message"), gone]);
    return message;
  } finally {
    gone.catch(() => {});
    ended.abort();
  }
}
