/** `npm run backup`: a backup of the local server's data, or of a deployment, also while it runs. */

import { readBackupOptions } from "./backup/options.mjs";
import { EXIT_PARTIAL, runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run backup -- DIR [--data .satchel]
       npm run backup -- DIR --remote [--origin https://satchel.example]

Backs up the data of the local server, or the deployment of deploy.toml, to the folder DIR, also while it runs. Run it
again for the same folder: then only what is new is copied. npm run restore reads it.

  --data DIR   folder in which accounts and documents are stored  (or SATCHEL_DATA)
  --remote     the deployment: with the sign-in of wrangler, and R2's S3 credentials in AWS_ACCESS_KEY_ID and
               AWS_SECRET_ACCESS_KEY; RxDB databases with BACKUP_TOKEN, as the Worker has it
  --origin URL address of the deployment, if not that of deploy.toml
  --help       print this text

Exit codes: 0 done, 1 failed (the earlier backup is as it was), 3 done, but something could not be saved.
`;

await runCommand(async () => {
  const options = readBackupOptions("backup");
  if (options === null) return void process.stdout.write(HELP);
  await ensureInstalled();
  if (options.isRemote) return backUpDeployment(options);
  const { createBackup } = await import("./backup/create.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const { data, folder } = options;
  const { databases, bodies, bytes, copied, damaged } = await createBackup(data, folder);
  console.log(
    `${databases} databases and ${bodies} bodies (${formatBytes(bytes)}, of which ${formatBytes(copied)} are new) are in ${folder}.`,
  );
  sayWhatIsMissing("These databases are damaged", damaged);
});

async function backUpDeployment({ folder, origin }) {
  const { backUpDeployment: backUp } = await import("./backup/deployment/create.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const { documents, bodies, bytes, copied, collections, skipped, unread } = await backUp(folder, {
    origin,
  });
  console.log(
    `The index with ${documents} documents, ${bodies} bodies (${formatBytes(bytes)}, of which ${formatBytes(copied)} are new), and ${collections} collections of RxDB databases are in ${folder}.`,
  );
  if (skipped > 0) {
    const { SET_TOKEN } = await import("./backup/deployment/provider.mjs");
    console.error(`The RxDB databases of ${skipped} modules are not. ${SET_TOKEN}`);
    process.exitCode = EXIT_PARTIAL;
  }
  sayWhatIsMissing("These RxDB databases could not be read", unread);
}

/** Says what could not be saved, so that whoever runs this by a timer notices. */
function sayWhatIsMissing(title, lines) {
  if (lines.length === 0) return;
  console.error(`${title}:\n\n  ${lines.join("\n  ")}`);
  process.exitCode = EXIT_PARTIAL;
}
