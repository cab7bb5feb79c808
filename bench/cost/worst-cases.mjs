/**
 * `npm run bench -- worst-cases`: what the worst request to each route, and the worst message of each RxDB
 * method, makes the server do. Runs the tests in test/unit/costs, and writes what they have measured.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startVitest } from "vitest/node";
import { ROOT } from "../../scripts/lib/install.mjs";

const COLUMNS = {
  queries: "D1 queries",
  rowsRead: "rows read",
  rowsWritten: "written",
  bucketCalls: "R2",
  objectCalls: "objects",
  bytesToD1: "to D1",
  bytesFromD1: "from D1",
  bytesToR2: "to R2",
  bytesReceived: "received",
  bytesSent: "sent",
  milliseconds: "ms",
};

/** Writes bench/WORST-CASES.md. Returns whether all cases are within their bounds. */
export async function measureWorstCases() {
  const vitest = await startVitest("test", ["test/unit/costs"], {
    root: ROOT,
    watch: false,
    reporters: ["dot"],
    silent: true,
  });
  const modules = vitest.state.getTestModules();
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const rows = tests
    .map((test) => ({ name: test.name.replace(/^.*?: /, ""), costs: test.meta().costs }))
    .filter(({ costs }) => costs);
  const isWithinBounds = tests.every((test) => test.result().state === "passed");
  await vitest.close();
  const text = describeWorstCases(rows);
  process.stdout.write(text);
  writeFileSync(join(ROOT, "bench", "WORST-CASES.md"), text);
  process.exitCode = 0;
  return isWithinBounds;
}

function describeWorstCases(rows) {
  const cell = ({ ordinary, worst }, measure) => {
    const [usual, most] = [ordinary, worst].map((work) => format(measure, work[measure]));
    return usual === most ? usual : `${usual} → ${most}`;
  };
  const header = ["Ordinary → worst", ...Object.values(COLUMNS)];
  const lines = [
    header,
    header.map((_, index) => (index === 0 ? "---" : "---:")),
    ...rows.map(({ name, costs }) => [
      name.replaceAll("|", "\\|"),
      ...Object.keys(COLUMNS).map((measure) => cell(costs, measure)),
    ]),
  ];
  return `# The worst requests

Written by \`npm run bench -- worst-cases\`; do not edit.

For each route, and for each method of RxDB, what an ordinary request makes the server do, and what the worst one does
that the limits allow: the longest and deepest paths, the worst names, the longest headers, forms and messages, accounts
that have as much of everything as they may. Rows are those of D1 and of Durable Objects; bytes are those of parameters
and results as JSON, of bodies and headers, and of messages. The tests in \`test/unit/costs\` hold bounds for
all but the time, and fail for a route or a method without a case. The time is that of the local platform, which runs D1,
R2 and the objects as well, on a machine that may be busy.

${lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}
`;
}

function format(measure, value) {
  if (!measure.startsWith("bytes")) return String(Math.round(value));
  if (value < 1000) return String(value);
  return value < 1_000_000
    ? `${(value / 1000).toFixed(1)} KB`
    : `${(value / 1_000_000).toFixed(1)} MB`;
}
