/** The command line of `npm run backup` and `npm run restore`. */

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { CommandError } from "../lib/command.mjs";
import { ROOT } from "../lib/install.mjs";

/**
 * Reads the command line. Throws a CommandError that says what is wrong.
 * @param {string} command
 * @returns {{folder: string, data: string, isRemote: boolean, origin?: string} | null} null: --help; `origin`: of the
 *   deployment, if it was named
 */
export function readBackupOptions(command) {
  let parsed;
  try {
    const options = {
      data: { type: "string" },
      remote: { type: "boolean" },
      origin: { type: "string" },
      help: { type: "boolean" },
    };
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run ${command} -- --help.`);
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  if (positionals.length !== 1) {
    throw new CommandError(`Name one folder for the backup: npm run ${command} -- DIR.`);
  }
  if (values.remote && values.data !== undefined) {
    throw new CommandError(
      "--data is a folder of the local server, --remote a deployment: name one of them.",
    );
  }
  if (values.origin !== undefined && !values.remote) {
    throw new CommandError("--origin is the address of a deployment: add --remote.");
  }
  if (values.origin !== undefined && URL.parse(values.origin)?.origin !== values.origin) {
    throw new CommandError("--origin must be an address such as https://satchel.example.");
  }
  const data = values.data ?? (process.env.SATCHEL_DATA || join(ROOT, ".satchel"));
  const isRemote = values.remote === true;
  return {
    folder: resolve(positionals[0]),
    data: resolve(data),
    isRemote,
    ...(values.origin && { origin: values.origin }),
  };
}
