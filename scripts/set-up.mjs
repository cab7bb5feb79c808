/** `npm run set-up`: creates a link that makes an account administrator of the deployed provider. */

import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run set-up -- [--origin https://satchel.example]

Creates and prints a link that makes one account an administrator. It works once, within seven days.
Earlier unused links stop working. For a local server, npm start prints such a link.

  --origin ORIGIN   origin of the deployed provider (default: its address as npm run deploy prints it)
  --help            print this text
`;

await runCommand(async () => {
  const { origin, help } = readOptions();
  if (help) return void process.stdout.write(HELP);
  if (origin !== undefined) checkOrigin(origin);
  await ensureInstalled();
  const { readChoices } = await import("./deploy/choices.mjs");
  const { openAccount } = await import("./deploy/cloudflare.mjs");
  const { buildConfiguration } = await import("./deploy/configuration.mjs");
  const { originOf } = await import("./deploy/origin.mjs");
  const { createAdminLink } = await import("./lib/admin-link.mjs");
  const { choices } = readChoices();
  const configuration = await buildConfiguration(choices);
  const account = await openAccount(choices.account);
  const providerOrigin = origin ?? (await originOf(account, configuration));
  const [{ database_name: name }] = configuration.d1_databases;
  const database = await account.findDatabase(name);
  if (database === null) {
    throw new CommandError(`There is no database "${name}" in this account: npm run deploy first.`);
  }
  // The secret stays in this process: the SQL has only its hash.
  const { path, statements } = createAdminLink(Date.now());
  await account.query(database.uuid, statements.join("; "));
  console.log(`Open this link within seven days to become an administrator. It works once:

  ${providerOrigin}${path}`);
});

function readOptions() {
  try {
    const options = { origin: { type: "string" }, help: { type: "boolean" } };
    return parseArgs({ options }).values;
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run set-up -- --help.`);
  }
}

function checkOrigin(text) {
  if (/^https?:/.test(text) && URL.parse(text)?.origin === text) return;
  throw new CommandError(
    `"${text}" is not an origin such as https://satchel.example (without a path).`,
  );
}
