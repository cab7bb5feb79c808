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
       npm run bench -- files [--quick] [--check]
       npm run bench -- live [--quick] [--check]
       npm run bench -- conformance [--runs NUMBER] [--quick] [--only TEXT] [--check]
       npm run bench -- --edge [--quick] [--only TEXT] [--json FILE] [--check] [latencies]

Runs the same requests alternately against Satchel, a baseline Worker that makes only the necessary
calls to the platform, and armadietto. Prints the ratios and writes them as JSON; a full run of all
cases also writes bench/SPEED.md. With "rxdb", compares Satchel with RxDB's own in-memory server for
an RxDB client, and counts what each operation costs (bench/RXDB.md). With "cpu", measures the
CPU time of requests beside what Cloudflare's Free plan allows. With "worst-cases", measures what
the worst request to each route makes the server do (bench/WORST-CASES.md); with "neighbours", how much
longer requests take while another account does its worst (bench/NEIGHBOURS.md); with "files", how an account
of very many documents is shown and taken back in time (bench/FILES.md); with "live", how soon listeners are
told of changes, and what batches save (bench/LIVE.md); with "conformance", what the conformance suite finds at
Satchel and at other providers (bench/CONFORMANCE.md).

  --quick       take a minute: fewer requests in fewer rounds
  --only TEXT   run only cases whose names contain TEXT, such as "PUT"
  --runs NUMBER with "conformance": how often the suite runs at each provider, instead of three times
  --json FILE   write the JSON to FILE instead of bench/results/speed.json or rxdb.json
  --cost        count what each request costs in calls to the platform instead (bench/COST.md)
  --full        with --cost: also measure very large folders and accounts
  --edge        put the latencies of the real platform before each call to it (bench/EDGE.md)
  --d1 MS, --r2-get MS, --r2-put MS, --object MS
                with --edge: other latencies, in milliseconds; --jitter FRACTION: how far they vary
  --cache MS    with --edge: as if bodies were in the edge's cache, which answers after MS
  --check       exit with code 1 if a target is missed
  --help        print this text
`;

/** Latencies of --edge, by their names in bench/edge. */
const LATENCY_OPTIONS = {
  d1: "d1",
  "r2-get": "r2Get",
  "r2-put": "r2Put",
  object: "object",
  jitter: "jitter",
  cache: "cache",
};

const OPTIONS = {
  quick: { type: "boolean" },
  only: { type: "string" },
  runs: { type: "string" },
  json: { type: "string" },
  check: { type: "boolean" },
  cost: { type: "boolean" },
  // The former name of --cost.
  bill: { type: "boolean" },
  full: { type: "boolean" },
  edge: { type: "boolean" },
  ...Object.fromEntries(Object.keys(LATENCY_OPTIONS).map((name) => [name, { type: "string" }])),
  help: { type: "boolean" },
};

/** What is measured, by the first argument. */
const SUBJECTS = {
  speed: compareSpeed,
  rxdb: compareRxdb,
  cpu: measureCpu,
  "worst-cases": runWorstCases,
  neighbours: attackNeighbours,
  live: measureLive,
  files: measureFiles,
  conformance: compareConformance,
};

await runCommand(async () => {
  const { subject, help, cost, bill, full, check, edge, ...options } = readOptions();
  if (help) return void process.stdout.write(HELP);
  await ensureInstalled();
  const run = edge ? measureEdge : SUBJECTS[subject];
  const areTargetsMet = await (cost || bill ? runCostReport(full) : run(options));
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

async function measureEdge(options) {
  const { runEdge } = await import("../bench/edge/main.mjs");
  return runEdge({ ...options, latencies: readLatencies(options) });
}

function readLatencies(options) {
  const given = Object.entries(LATENCY_OPTIONS).filter(([option]) => options[option] !== undefined);
  return Object.fromEntries(
    given.map(([option, name]) => {
      const value = Number(options[option]);
      if (value >= 0) return [name, value];
      throw new CommandError(`--${option} has to be a number: see npm run bench -- --help.`);
    }),
  );
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

async function measureLive(options) {
  const { measureLive: measure } = await import("../bench/live/main.mjs");
  return measure(options);
}

async function measureFiles(options) {
  const { runFiles } = await import("../bench/files/main.mjs");
  return runFiles(options);
}

async function compareConformance({ runs, ...options }) {
  const { runConformance } = await import("../bench/conformance/main.mjs");
  return runConformance({ ...options, ...(runs === undefined ? {} : { runs: readRuns(runs) }) });
}

function readRuns(runs) {
  if (/^[1-9]\d?$/.test(runs)) return Number(runs);
  throw new CommandError("--runs has to be a number from 1 to 99: see npm run bench -- --help.");
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
