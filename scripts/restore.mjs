/** `npm run restore`: the local server's data from a backup, into an empty data folder. */

import { readBackupOptions } from "./backup/options.mjs";
import { runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run restore -- DIR [--data .satchel]

Restores the backup in the folder DIR into a data folder that is empty. Every file is compared with its
checksum; a backup that is damaged restores nothing.

  --data DIR   folder in which accounts and documents are to be stored  (or SATCHEL_DATA)
  --help       print this text
`;

await runCommand(async () => {
  const options = readBackupOptions("restore");
  if (options === null) return void process.stdout.write(HELP);
  await ensureInstalled();
  const { restoreBackup } = await import("./backup/restore.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const { createdAt, bodies, bytes } = await restoreBackup(options.folder, options.data);
  console.log(
    `The backup of ${createdAt} with ${bodies} bodies (${formatBytes(bytes)}) is in ${options.data}. Start the server with npm start.`,
  );
});
