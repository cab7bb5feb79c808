#!/usr/bin/env node
/** The command `satchel`: see docs/command-line.md. */

import { runCommand } from "../scripts/lib/command.mjs";
import { ensureInstalled, stopWithParent } from "../scripts/lib/install.mjs";

await runCommand(async () => {
  await ensureInstalled();
  // As by Ctrl-C: otherwise it would go on unseen when npm, or the process that waits for it, is killed.
  stopWithParent(() => process.kill(process.pid, "SIGTERM"));
  const { runProgram } = await import("./program.js");
  const { abortOnInterrupt, endWithReader } = await import("./lib/host.js");
  endWithReader();
  process.exitCode = await runProgram(process.argv.slice(2), process, abortOnInterrupt());
});
