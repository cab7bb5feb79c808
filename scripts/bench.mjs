/** `npm run bench`: compares Satchel's speed with other servers, or counts what requests cost. */

import { parseArgs } from "node:util";
import { CommandError, runCommand } from "./lib/command.mjs";
import { ensureInstalled } from "./lib/install.mjs";

const HELP = `Usage: npm run bench -- [--quick] [--only TEXT] [--json FILE] [--check]
       npm run bench -- rxdb [--quick] [--only TEXT] [--json FILE] [--check]
       npm run bench -- --cost [--full] [--check]
       npm run bench -- cpu [--check]
       npm run bench -- worst-cases [--check]
       npm run bench -- neighbours [--quick] [--only TEXT] [--check]

Runs the same requests alternately against Satchel, a baseline Worker that makes only the necessary
calls to the platform, and armadietto. Prints the ratios and writes them as JSON; a full run of all
cases also writes bench/SPEED.md. With "rxdb", compares Satchel with RxDB's own in-memory server for
an RxDB client, and counts what each operation costs (bench/RXDB.md). With "cpu", measures the
CPU time of requests beside what Cloudflare's Free plan allows. With "worst-cases", measures what
the worst request to each route makes the server do (bench/WORST-CASES.md); with "neighbours", how much
longer requests take while another account does its worst (bench/NEIGHBOURS.md).

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

/** What is measured, by the first argument. */
const SUBJECTS = {
  speed: compareSpeed,
  rxdb: compareRxdb,
  cpu: measureCpu,
  "worst-cases": runWorstCases,
  neighbours: attackNeighbours,
};

await runCommand(async () => {
  const { subject, help, cost, bill, full, check, ...options } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const areTargetsMet = await (cost || bill ? runCostReport(full) : SUBJECTS[subject](options));
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

async function measureCpu() {
  const { measureRequests } = await import("../bench/cpu/main.mjs");
  return measureRequests();
}

async function runWorstCases() {
  const { measureWorstCases } = await import("../bench/cost/worst-cases.mjs");
  return measureWorstCases();
}

async function attackNeighbours(options) {
  const { runNeighbours } = await import("../bench/neighbours/main.mjs");
  return runNeighbours(options);
}

function readOptions() {
  try {
    const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
    const [subject = "speed", unknown] = positionals;
    if (!Object.hasOwn(SUBJECTS, subject)) throw new Error(`Unknown argument "${subject}"`);
    if (unknown !== undefined) throw new Error(`Unknown argument "${unknown}"`);
    return { ...values, subject };
  } catch (error) {
    throw new CommandError(`${error.message.split(". ")[0]}: see npm run bench -- --help.`);
  }
}
