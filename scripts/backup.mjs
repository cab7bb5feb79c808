/** `npm run backup`: a backup of the local server's data, or of a deployment, also while it runs. */

import { readBackupOptions } from "./backup/options.mjs";
import { runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run backup -- DIR [--data .satchel]
       npm run backup -- DIR --remote

Backs up the data of the local server, or the deployment of deploy.toml, to the folder DIR, also while it runs. Run it
again for the same folder: then only what is new is copied. npm run restore reads it.

  --data DIR   folder in which accounts and documents are stored  (or SATCHEL_DATA)
  --remote     the deployment: its index and its bodies, without RxDB databases; with the sign-in of
               wrangler, and R2's S3 credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
  --help       print this text
`;

await runCommand(async () => {
  const options = readBackupOptions("backup");
  if (options === null) return void process.stdout.write(HELP);
  await ensureInstalled();
  if (options.isRemote) return backUpDeployment(options.folder);
  const { createBackup } = await import("./backup/create.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const { databases, bodies, bytes, copied } = await createBackup(options.data, options.folder);
  console.log(
    `${databases} databases and ${bodies} bodies (${formatBytes(bytes)}, of which ${formatBytes(copied)} are new) are in ${options.folder}.`,
  );
});

async function backUpDeployment(folder) {
  const { backUpDeployment: backUp } = await import("./backup/deployment/create.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const { documents, bodies, bytes, copied, databases } = await backUp(folder);
  console.log(
    `The index with ${documents} documents and ${bodies} bodies (${formatBytes(bytes)}, of which ${formatBytes(copied)} are new) are in ${folder}.`,
  );
  if (databases > 0) {
    console.log(
      `The RxDB databases of ${databases} modules are not: Cloudflare cannot export them.`,
    );
  }
}
