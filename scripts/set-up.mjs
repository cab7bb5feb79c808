/** `npm run set-up`: creates a link that makes an account administrator of the deployed provider. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled, ROOT } from "./lib/install.mjs";

const HELP = `Usage: npm run set-up -- [--origin https://satchel.example]

Creates and prints a link that makes one account an administrator. It works once, within seven days.
Earlier unused links stop working.

  --origin ORIGIN   origin of the deployed provider (default: ORIGIN in wrangler.toml)
  --help            print this text
`;

const WRANGLER_FAILED = `The link could not be created; see wrangler's output above.
If you are not signed in to Cloudflare, run npx wrangler login. For a local server, npm start prints
such a link.`;

const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

await runCommand(async () => {
  const { origin, help } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const { DATABASE, VARS } = await import("./lib/worker-config.mjs");
  const { createAdminLink } = await import("./lib/admin-link.mjs");
  const providerOrigin = checkOrigin(origin || VARS.ORIGIN);
  const { path, statements } = createAdminLink(Date.now());
  await executeRemotely(DATABASE, statements.join("; "));
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
  if (!text) {
    throw new CommandError(
      "The origin of the provider is missing: npm run set-up -- --origin https://satchel.example",
    );
  }
  if (!/^https?:/.test(text) || URL.parse(text)?.origin !== text) {
    throw new CommandError(
      `"${text}" is not an origin such as https://satchel.example (without a path).`,
    );
  }
  return text;
}

/** Runs SQL in the deployed database. The secret stays in this process: the SQL has only its hash. */
function executeRemotely(database, sql) {
  const args = ["d1", "execute", database, "--remote", "--yes", "--command", sql];
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    stdio: ["inherit", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.on("data", (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", (error) =>
      reject(new CommandError(`wrangler could not be started: ${error.message}`)),
    );
    child.on("close", (code) => {
      if (code === 0) resolve();
      else {
        console.error(output.trimEnd());
        reject(new CommandError(WRANGLER_FAILED));
      }
    });
  });
}
