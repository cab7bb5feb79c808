/** `npm run set-up`: a link by which somebody becomes administrator of the deployed provider. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Failure, orFail } from "./failure.mjs";
import { ensureInstalled, ROOT } from "./install.mjs";

const HELP = `Usage: npm run set-up -- [--origin https://satchel.example]

Prints a link that makes whoever opens it first an administrator, once, within seven days. Links
that were printed before end.

  --origin ORIGIN   where the provider answers     (or ORIGIN in wrangler.toml)
  --help            this text
`;

const NOT_MADE = `The link was not made: wrangler's reasons stand above.
If you are not signed in at Cloudflare: npx wrangler login. For the server on this computer npm start
prints such a link.`;

const WRANGLER = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");

await orFail(async () => {
  const { origin, help } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const { DATABASE, VARS } = await import("./config.mjs");
  const { makeSetUpLink } = await import("./admin-link.mjs");
  const place = checkOrigin(origin || VARS.ORIGIN);
  const { path, statements } = makeSetUpLink(Date.now());
  await execute(DATABASE, statements.join("; "));
  console.log(`Open this link within seven days to become administrator; it works once:

  ${place}${path}`);
});

function readOptions() {
  try {
    const options = { origin: { type: "string" }, help: { type: "boolean" } };
    return parseArgs({ options }).values;
  } catch (error) {
    throw new Failure(`${error.message.split(". ")[0]}: see npm run set-up -- --help.`);
  }
}

function checkOrigin(text) {
  if (!text) {
    throw new Failure(
      "Say where the provider answers: npm run set-up -- --origin https://satchel.example",
    );
  }
  if (!/^https?:/.test(text) || URL.parse(text)?.origin !== text) {
    throw new Failure(`"${text}" is no origin such as https://satchel.example, without a path.`);
  }
  return text;
}

/** The secret itself never leaves this process: the statements have its hash. */
function execute(database, sql) {
  const args = ["d1", "execute", database, "--remote", "--yes", "--command", sql];
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    stdio: ["inherit", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(new Failure(`wrangler does not start: ${error.message}`)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else {
        console.error(complaint.trimEnd());
        reject(new Failure(NOT_MADE));
      }
    });
  });
}
