/** `npm run bench`: how fast Satchel is, by the side of others at the same work; or what it costs. */

import { parseArgs } from "node:util";
import { Failure, orFail } from "./failure.mjs";
import { ensureInstalled } from "./install.mjs";

const HELP = `Usage: npm run bench -- [--quick] [--only TEXT] [--json FILE] [--check]
       npm run bench -- rxdb [--quick] [--only TEXT] [--json FILE] [--check]
       npm run bench -- --bill [--full] [--check]

Runs the same work in alternation at Satchel, at a floor Worker that makes only the calls of the
platform which the work cannot do without, and at armadietto; prints the ratios and writes them as
JSON, and after a full run of all work as bench/SPEED.md. With "rxdb": the same for a client of RxDB,
at Satchel and at RxDB's own server in memory, and counts what each of its operations costs
(bench/RXDB.md).

  --quick       a minute instead of many: fewer requests in fewer rounds
  --only TEXT   only the work with this in its name, such as "PUT"
  --json FILE   where to write, instead of bench/results/speed.json or rxdb.json
  --bill        instead: counts what each request costs in calls of the platform (bench/COST.md)
  --full        with --bill: also with very many documents
  --check       ends with exit code 1 if a target is missed
  --help        this text
`;

const OPTIONS = {
  quick: { type: "boolean" },
  only: { type: "string" },
  json: { type: "string" },
  check: { type: "boolean" },
  bill: { type: "boolean" },
  full: { type: "boolean" },
  help: { type: "boolean" },
};

await orFail(async () => {
  const { isRxdb, help, bill, full, check, ...options } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const isReached = await (bill
    ? countCalls(full)
    : isRxdb
      ? compareRxdb(options)
      : compareSpeed(options));
  process.exitCode = check && !isReached ? 1 : 0;
});

async function countCalls(full) {
  const { runBill } = await import("../bench/cost/main.mjs");
  return runBill({ full });
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
    const odd = isRxdb ? positionals[1] : positionals[0];
    if (odd !== undefined) throw new Error(`There is nothing called "${odd}"`);
    return { ...values, isRxdb };
  } catch (error) {
    throw new Failure(`${error.message.split(". ")[0]}: see npm run bench -- --help.`);
  }
}
