#!/usr/bin/env node
/** The command `satchel`: see docs/command-line.md. */

import { runCommand } from "../scripts/lib/command.mjs";
import { ensureInstalled } from "../scripts/lib/install.mjs";

await runCommand(async () => {
  await ensureInstalled();
  const { runProgram } = await import("./program.js");
  const { abortOnInterrupt, endWithReader } = await import("./lib/host.js");
  endWithReader();
  process.exitCode = await runProgram(process.argv.slice(2), process, abortOnInterrupt());
});
