/** `npm run bench`: compares Satchel's speed with other servers, or counts what requests cost. */

import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run bench -- [--quick] [--only TEXT] [--json FILE] [--check]
       npm run bench -- rxdb [--quick] [--only TEXT] [--json FILE] [--check]
       npm run bench -- --cost [--full] [--check]

Runs the same requests alternately against Satchel, a baseline Worker that makes only the necessary
calls to the platform, and armadietto. Prints the ratios and writes them as JSON; a full run of all
cases also writes bench/SPEED.md. With "rxdb", compares Satchel with RxDB's own in-memory server for
an RxDB client, and counts what each operation costs (bench/RXDB.md).

  --quick       take a minute: fewer requests in fewer rounds
  --only TEXT   run only cases whose names contain TEXT, such as "PUT"
  --json FILE   write the JSON to FILE instead of bench/results/speed.json or rxdb.json
  --cost        count what each request costs in calls to the platform instead (bench/COST.md)
  --full        with --cost: also measure very large folders and accounts
  --check       exit with code 1 if a target is missed
  --help        print this text
`;

const OPTIONS = {
  quick: { type: "boolean" },
  only: { type: "string" },
  json: { type: "string" },
  check: { type: "boolean" },
  cost: { type: "boolean" },
  // The former name of --cost.
  bill: { type: "boolean" },
  full: { type: "boolean" },
  help: { type: "boolean" },
};

await runCommand(async () => {
  const { isRxdb, help, cost, bill, full, check, ...options } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const areTargetsMet = await (cost || bill
    ? runCostReport(full)
    : isRxdb
      ? compareRxdb(options)
      : compareSpeed(options));
  process.exitCode = check && !areTargetsMet ? 1 : 0;
});

async function runCostReport(full) {
  const { measureCosts } = await import("../bench/cost/main.mjs");
  return measureCosts({ full });
}

async function compareSpeed(options) {
  const { runSpeed } = await import("../bench/main.mjs");
  return runSpeed(options);
}

async function compareRxdb(options) {
  const { runRxdb } = await import("../bench/rxdb/main.mjs");
  return runRxdb(options);
}

function readOptions() {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    const isRxdb = positionals[0] === "rxdb";
    const unknown = isRxdb ? positionals[1] : positionals[0];
    if (unknown !== undefined) throw new Error(`Unknown argument "${unknown}"`);
    return { ...values, isRxdb };
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run bench -- --help.`);
  }
}
