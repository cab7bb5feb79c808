/** `npm run check`: types, style and build, without the tests. */

import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run check -- [types] [lint] [build]

Checks types, style and the build for Cloudflare, or only those that are named. The tests run
with npm test, which includes these checks.

  --help   print this text
`;

await runCommand(async () => {
  const { names, help } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const { CHECK_NAMES, runChecks } = await import("./lib/checks.mjs");
  const unknown = names.find((name) => !CHECK_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new CommandError(`Unknown check "${unknown}": see npm run check -- --help.`);
  }
  process.exitCode = (await runChecks(names.length > 0 ? names : CHECK_NAMES)) ? 0 : 1;
});

function readOptions() {
  try {
    const options = { help: { type: "boolean" } };
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { names: positionals, help: values.help };
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run check -- --help.`);
  }
}
