/** Kills the Workers runtime if this process ends without being able to, for example by kill -9. */

import { spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { basename } from "node:path";

let isEnabled = false;

/**
 * From now on, starts a guard for each runtime that Miniflare starts. A guard is a shell that reads
 * from a pipe held by this process alone. When this process ends, for whatever reason, the pipe
 * closes and the shell kills the runtime, which would otherwise keep the port and the data.
 */
export function guardRuntimes() {
  // Windows ends the children of a process with it.
  if (isEnabled || process.platform === "win32") return;
  isEnabled = true;
  // Miniflare does not expose its child process; this channel reports every child of this process.
  subscribe("child_process", ({ process: child }) => {
    child.once("spawn", () => {
      if (basename(child.spawnfile).startsWith("workerd")) startGuard(child);
    });
  });
}

function startGuard(runtime) {
  const shell = spawn("/bin/sh", ["-c", `read -r _; kill -9 ${runtime.pid}`], {
    stdio: ["pipe", "ignore", "ignore"],
    // Its own process group, so that Ctrl-C does not end the guard before the runtime.
    detached: true,
  });
  shell.unref();
  shell.stdin.unref();
  runtime.once("exit", () => shell.kill("SIGKILL"));
}
