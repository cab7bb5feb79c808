/**
 * Runs one server: `node server-process.mjs <satchel|baseline|armadietto|rxdb> <folder>`, with an IPC
 * channel to the bench. Reports its URL and the id of the server process, fills folders on request, and
 * ends with the bench.
 */

import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";
import { CommandError } from "../../scripts/lib/command.mjs";

const [, , name, folder] = process.argv;

// Miniflare does not expose the runtime's process; the last one that it starts is the server.
let runtimePid;
subscribe("child_process", ({ process: child }) => {
  child.once("spawn", () => {
    if (basename(child.spawnfile).startsWith("workerd")) runtimePid = child.pid;
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
  process.send({ url: server.url, pid: server.pid ?? runtimePid });
} catch (error) {
  process.send({ failure: error instanceof CommandError ? error.message : error.stack });
}
