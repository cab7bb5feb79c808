/** The command line of `npm run backup` and `npm run restore`. */

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CommandError } from "../lib/command.mjs";
import { ROOT } from "../lib/install.mjs";

/**
 * Reads the command line. Throws a CommandError that says what is wrong.
 * @param {string} command
 * @returns {{folder: string, data: string} | null} null: --help
 */
export function readBackupOptions(command) {
  let parsed;
  try {
    const options = { data: { type: "string" }, help: { type: "boolean" } };
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run ${command} -- --help.`);
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  if (positionals.length !== 1) {
    throw new CommandError(`Name one folder for the backup: npm run ${command} -- DIR.`);
  }
  const data = values.data ?? (process.env.SATCHEL_DATA || join(ROOT, ".satchel"));
  return { folder: resolve(positionals[0]), data: resolve(data) };
}
