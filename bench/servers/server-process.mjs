/**
 * A server in a process of its own: `node child.mjs <satchel|floor|armadietto|rxdb> <folder>`, with a
 * channel to the bench. Says its address and which process serves, fills folders when asked to, and
 * ends with the bench.
 */

import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";
import { CommandError } from "../../scripts/lib/command.mjs";

const [, , name, folder] = process.argv;

// Miniflare keeps the process of the runtime to itself; the last one that it starts serves.
let runtime;
subscribe("child_process", ({ process: child }) => {
  child.once("spawn", () => {
    if (basename(child.spawnfile).startsWith("workerd")) runtime = child.pid;
  });
});

try {
  const { start } = await import(`./${name}.mjs`);
  const server = await start(folder);
  process.on("message", async ({ user, folder, count }) => {
    await server.fillFolder(user, folder, count);
    process.send({ filled: folder });
  });
  process.on("disconnect", async () => {
    await server.dispose();
    process.exit();
  });
  process.send({ url: server.url, pid: server.pid ?? runtime });
} catch (error) {
  process.send({ failure: error instanceof CommandError ? error.message : error.stack });
}
