/** The tables: as text for the terminal, and as Markdown. */

import { formatRatio, markdownTable, textTable } from "../report.mjs";
import { quantile } from "../statistics.mjs";

const SPEED_COLUMNS = [
  "work",
  "Satchel p50",
  "RxDB p50",
  "ratio",
  "target",
  "",
  "Satchel p95",
  "RxDB p95",
  "ratio",
  "CPU",
  "RxDB CPU",
];
const HOLDING_COLUMNS = ["", "documents", "memory", "when it was empty", "on disk", "of the quota"];
const BILL_COLUMNS = [
  "operation",
  "requests",
  "messages",
  "objects",
  "D1 trips",
  "rows read",
  "written",
  "R2 A",
  "B",
  "$",
];

const NAMES = { satchel: "Satchel", rxdb: "RxDB's own server" };

const EXPLANATIONS = [
  "One client of RxDB, as npm has it (`getRxStorageRemoteWebsocket({ url })`), does the same work in alternation at Satchel, as `npm start` runs it, and at RxDB's own server (`startRxStorageRemoteWebsocketServer` over `getRxStorageMemory()`), each in a process of its own. Times in milliseconds, as the client sees them. The first ratio is that of the medians in the same round: its median over the rounds, and in brackets the quartiles; the second that of the p95 over all rounds. CPU is processor time of the serving process for one operation, all its threads; the system counts it in steps of 10 ms.",
  "RxDB's server keeps everything in memory and loses it when it ends. What Satchel has answered is on the disk: a write waits for it. Both compress what they send: RxDB's server messages above 1 KB, the Workers runtime each one, which a client in Node takes its time to unpack.",
  "*Storage instance*: the same call below RxDB's collection, without what RxDB does at the client before and after it. It is the same at both, so it draws the ratios of the other rows towards 1. A live update is timed from the write of one client until the live query of another, in a thread of its own, has it.",
];

const BILL_EXPLANATIONS = [
  "Counted by the bindings of the Worker as it is deployed, in the local runtime: rows of the module's Durable Object and of D1, which cost the same, and calls. The collection has one index beside the primary key. Of messages those count that come in, and twenty of them are one call of an object; what is sent to clients is free. Dollars for a million. The test `test/unit/rxdb/cost.test.ts` holds the counts; the prices stand in `bench/cost/prices.json`.",
  "Not in it: once a minute the object asks D1 whether a grant still stands; a write that no longer fits into what the module has reserved of the quota reserves another megabyte in D1; the first write after a while sets the alarm, and each event that is forgotten is a row written. The first write after a sleep reads a row for each event that is kept, 1,000 at most.",
];

/** Prints what was measured, and what was not reached. */
export function printReport(report) {
  const lines = [
    ...textTable([SPEED_COLUMNS, ...report.comparisons.map(speedRow)]),
    "",
    ...textTable([HOLDING_COLUMNS, ...holdingRows(report)]),
    "",
    describeDisk(report),
    "",
    ...(report.bill
      ? [...textTable([BILL_COLUMNS, ...report.bill.operations.map(billRow)]), ""]
      : []),
    ...conclusion(report),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** @returns {string} the same as a page */
export function describe(report) {
  const { cores, processor, memoryGb, system, node, load } = report.machine;
  return [
    "# RxDB",
    "",
    "Made by `npm run bench -- rxdb`, which overwrites this page. The figures themselves are in its JSON.",
    "",
    `${report.date.slice(0, 10)}, ${cores} cores (${processor}), ${memoryGb} GB, ${system}, Node ${node}; load before the run ${load.toFixed(1)}.`,
    "",
    "## Speed",
    "",
    ...EXPLANATIONS.flatMap((text) => [text, ""]),
    `${describeDisk(report)} A collection had ${report.seed.toLocaleString("en")} documents of a quarter of a kilobyte before the work began.`,
    "",
    ...markdownTable([SPEED_COLUMNS, ...report.comparisons.map(speedRow)]),
    "",
    ...conclusion(report),
    "",
    "## What they hold in the end",
    "",
    "Memory is what the serving process holds: of Satchel the Workers runtime with its simulators of D1 and R2. On disk there are the documents, their places in the indexes, the latest changes, and the log that SQLite writes ahead.",
    "",
    ...markdownTable([HOLDING_COLUMNS, ...holdingRows(report)]),
    "",
    "## What each operation costs",
    "",
    ...BILL_EXPLANATIONS.flatMap((text) => [text, ""]),
    ...markdownTable([BILL_COLUMNS, ...report.bill.operations.map(billRow)]),
    "",
    `A descending sort with limit reads no more rows than the ascending one: ${report.bill.isDescendingAsCheap ? "yes" : "**no**"}.`,
    "",
  ].join("\n");
}

function speedRow({ case: name, satchel, rxdb, ratio, ratioOfP95, target, isReached }) {
  return [
    name,
    milliseconds(satchel.p50),
    milliseconds(rxdb.p50),
    formatRatio(ratio),
    target === undefined ? "" : `<= ${target}`,
    isReached === undefined ? "" : isReached ? "ok" : "MISSED",
    milliseconds(satchel.p95),
    milliseconds(rxdb.p95),
    ratioOfP95.toFixed(2),
    satchel.cpu?.toFixed(2) ?? "",
    rxdb.cpu?.toFixed(2) ?? "",
  ];
}

const milliseconds = (value) => value.toFixed(2);

const holdingRows = ({ holdings }) =>
  Object.entries(holdings).map(([label, holding]) => [
    NAMES[label],
    holding.documents.toLocaleString("en"),
    megabytes(holding.memory),
    megabytes(holding.memoryWhenEmpty),
    megabytes(holding.disk),
    holding.usedBytes === undefined ? "" : megabytes(holding.usedBytes / 2 ** 20),
  ]);

const megabytes = (value) => (value === undefined ? "" : `${value.toFixed(1)} MB`);

const describeDisk = ({ disk }) =>
  `Until a page of 4 KB was on this disk, it took ${milliseconds(quantile(disk, 0.5))} ms at the median, ${milliseconds(quantile(disk, 0.95))} ms at p95 (${disk.length} times between the cases).`;

const billRow = ({ name, requests, messages, counts, price }) => [
  name,
  ...[
    requests,
    messages,
    counts.objects,
    counts.trips,
    counts.rowsRead,
    counts.rowsWritten,
    counts.classA,
    counts.classB,
  ].map(String),
  `$${price.toFixed(3)}`,
];

function conclusion({ comparisons, bill }) {
  const missed = comparisons.filter(({ isReached }) => isReached === false);
  const lines = [
    ...missed.map(
      ({ case: name, ratio, target }) => `- ${name}: ${ratio.median.toFixed(2)}, not ${target}`,
    ),
    ...(bill && !bill.isDescendingAsCheap
      ? ["- a descending sort with limit reads more rows than the ascending one"]
      : []),
  ];
  return lines.length === 0 ? ["All targets reached."] : ["Missed:", "", ...lines];
}
