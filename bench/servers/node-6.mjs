/** Finds Node 6, which npm has as packages of their own for some platforms. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CommandError } from "../../scripts/lib/command.mjs";

/** The path of the executable. Throws a CommandError if the package is not installed here. */
export function findNode6() {
  const { platform, arch } = process;
  const url = new URL(`../peers/node_modules/node-${platform}-${arch}/bin/node`, import.meta.url);
  if (existsSync(url)) return fileURLToPath(url);
  throw new CommandError(`Node 6 is not installed here: npm has none for ${platform} ${arch}.`);
}
