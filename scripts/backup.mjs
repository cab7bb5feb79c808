/** `npm run backup`: a backup of the local server's data, also while it runs. */

import { readBackupOptions } from "./backup/options.mjs";
import { runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run backup -- DIR [--data .satchel]

Backs up the data of the local server to the folder DIR, also while the server runs. Run it again for the
same folder: then only what is new is copied. npm run restore reads it.

  --data DIR   folder in which accounts and documents are stored  (or SATCHEL_DATA)
  --help       print this text
`;

await runCommand(async () => {
  const options = readBackupOptions("backup");
  if (options === null) return void process.stdout.write(HELP);
  await ensureInstalled();
  const { createBackup } = await import("./backup/create.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const { databases, bodies, bytes, copied } = await createBackup(options.data, options.folder);
  console.log(
    `${databases} databases and ${bodies} bodies (${formatBytes(bytes)}, of which ${formatBytes(copied)} are new) are in ${options.folder}.`,
  );
});
