/** `npm run deploy`: from nothing to a provider on Cloudflare, and from each version to the next. */

import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run deploy -- [flags]

Deploys Satchel to Cloudflare: creates what is missing, migrates the database, uploads the Worker, waits
until it is well, and prints its address. Run it again to update, or after a failure. The choices are
stored in deploy.toml, so that they have to be made once.

  --domain HOST           serve the pages at this host of a zone in your account
  --storage-domain HOST   serve the documents at another host than the pages
  --sign-up WHO           open, invitation or closed
  --plan PLAN             free or paid: your plan of Workers
  --location WHERE        weur, eeur, apac, oc, wnam or enam: where to create the database and the bucket
  --jurisdiction WHERE    eu or fedramp: create the database and the bucket so that they stay there
  --name NAME             name of the Worker and of the database (default: satchel)
  --account ID            the account, if you have several
  --replace-dns           lead a domain to Satchel even if it leads somewhere else now
  --wait SECONDS          how long to wait until the new version is well
  --dry-run               list the steps and change nothing
  --help                  print this text
`;

const TEXT_FLAGS = [
  "domain",
  "storage-domain",
  "sign-up",
  "plan",
  "location",
  "jurisdiction",
  "name",
  "account",
  "wait",
];
const BOOLEAN_FLAGS = ["replace-dns", "dry-run", "help"];

await runCommand(async () => {
  const flags = readFlags();
  if (flags.help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const { planDeployment } = await import("./deploy/plan.mjs");
  const { listSteps, runSteps } = await import("./deploy/run-steps.mjs");
  const { heading, steps, result } = await planDeployment(flags);
  if (flags["dry-run"]) {
    console.log(`${heading}\n`);
    return listSteps(steps);
  }
  await runSteps(steps);
  printAddresses(result);
});

function readFlags() {
  const options = Object.fromEntries([
    ...TEXT_FLAGS.map((name) => [name, { type: "string" }]),
    ...BOOLEAN_FLAGS.map((name) => [name, { type: "boolean" }]),
  ]);
  let flags;
  try {
    flags = parseArgs({ options }).values;
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run deploy -- --help.`);
  }
  if (flags.wait !== undefined && !/^\d{1,5}$/.test(flags.wait)) {
    throw new CommandError(`--wait is a number of seconds, not "${flags.wait}".`);
  }
  return flags;
}

function printAddresses({ origin, adminLink, signUp }) {
  const lines = [
    adminLink && ["Become administrator", adminLink],
    signUp === "open" && ["Sign up", `${origin}/sign-up`],
    ["User address for apps", `<name>@${new URL(origin).host}`],
  ];
  const table = lines.filter(Boolean).map(([name, value]) => `  ${name.padEnd(25)}${value}`);
  console.log(`\nSatchel is running at ${origin}\n\n${table.join("\n")}`);
}
