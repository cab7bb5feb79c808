/** `npm run restore`: a backup of the local server into an empty data folder, or of a deployment into an empty provider. */

import { readBackupOptions } from "./backup/options.mjs";
import { EXIT_PARTIAL, runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run restore -- DIR [--data .satchel]
       npm run restore -- DIR --remote [--origin https://satchel.example]

Restores the backup in the folder DIR into a data folder that is empty, or a backup of a deployment into the database and
the bucket that deploy.toml names. Every file is compared with its checksum; a backup that is damaged restores nothing.

  --data DIR   folder in which accounts and documents are to be stored  (or SATCHEL_DATA)
  --remote     a deployment without accounts: before its first npm run deploy, or right after it if the backup has
               RxDB databases, with BACKUP_TOKEN as the Worker has it
  --origin URL address of the deployment, if not that of deploy.toml
  --help       print this text

Exit codes: 0 done, 1 failed (nothing is restored), 3 done, but something could not be restored.
`;

await runCommand(async () => {
  const options = readBackupOptions("restore");
  if (options === null) return void process.stdout.write(HELP);
  await ensureInstalled();
  if (options.isRemote) return restoreDeployment(options);
  const { restoreBackup } = await import("./backup/restore.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const { createdAt, bodies, bytes } = await restoreBackup(options.folder, options.data);
  console.log(
    `The backup of ${createdAt} with ${bodies} bodies (${formatBytes(bytes)}) is in ${options.data}. Start the server with npm start.`,
  );
});

async function restoreDeployment({ folder, origin }) {
  const { restoreDeployment: restore } = await import("./backup/deployment/restore.mjs");
  const { formatBytes } = await import("./backup/progress.mjs");
  const restored = await restore(folder, { origin });
  const { createdAt, bodies, bytes, modules, refused, hasSigningKey } = restored;
  console.log(
    `The backup of ${createdAt} with ${bodies} bodies (${formatBytes(bytes)}) and the RxDB databases of ${modules} modules is restored. Run npm run deploy now.`,
  );
  if (modules > 0 && hasSigningKey) {
    console.log(
      "Access tokens were signed with a key of the index. To keep them valid: npx wrangler secret delete TOKEN_SECRETS",
    );
  }
  if (refused.length > 0) {
    console.error(`This could not be restored:\n\n  ${refused.join("\n  ")}`);
    process.exitCode = EXIT_PARTIAL;
  }
}
