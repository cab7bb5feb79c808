/** Ends the Workers runtime when this process dies in a way that leaves it no time for that. */

import { spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";

let watching = false;

/**
 * From now on each runtime that Miniflare starts gets a guard: a shell that reads from a pipe
 * which only this process holds. The pipe ends when this process does, whatever killed it, and the
 * shell then kills the runtime, which would else live on and keep the port and the data.
 */
export function guardRuntimes() {
  // Windows ends the children of a process with it.
  if (watching || process.platform === "win32") return;
  watching = true;
  // Miniflare keeps its child to itself; this channel tells of every child of the process.
  subscribe("child_process", ({ process: child }) => {
    child.once("spawn", () => {
      if (basename(child.spawnfile).startsWith("workerd")) guard(child);
    });
  });
}

function guard(runtime) {
  const shell = spawn("/bin/sh", ["-c", `read -r _; kill -9 ${runtime.pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    // Its own process group, so that Ctrl-C does not end the guard before the guarded.
    detached: true,
  });
  shell.unref();
  shell.stdin.unref();
  runtime.once("exit", () => shell.kill("SIGKILL"));
}
