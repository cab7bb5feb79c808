/** `npm run bench -- rxdb`: RxDB's own server and Satchel at the same work, and what it costs here. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandError } from "../../scripts/lib/command.mjs";
import { measureRxdbCosts } from "../cost/rxdb.mjs";
import { describeMachine } from "../machine.mjs";
import { residentMemory } from "../process-usage.mjs";
import { connectUser } from "../servers/connect-user.mjs";
import { startServer } from "../servers/server.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { CASES, READ, SEED, WRITTEN } from "./cases.mjs";
import { openDatabase } from "./client.mjs";
import { measureDisk, sizeOf } from "./disk.mjs";
import { describe, printReport } from "./report.mjs";
import { compareRounds } from "./rounds.mjs";
import { SecondClient } from "./second-client.mjs";

const BENCH = join(import.meta.dirname, "..");
const MARKDOWN = join(BENCH, "RXDB.md");

const USER = "person";
const MODULE = "bench";

/** What is done between two cases to see how fast the disk is. */
const DISK_SAMPLES = 20;

/**
 * Runs the cases, counts what each operation costs, prints the tables and writes them as JSON; a full
 * run of all cases also as Markdown. Throws a Failure when a server gives a wrong answer.
 * @param {object} options
 * @param {boolean} [options.quick] less in fewer rounds
 * @param {string} [options.only] a part of the names of the cases to run; then nothing is counted
 * @param {string} [options.json] where to write the JSON
 * @returns {Promise<boolean>} whether all targets were reached
 */
export async function runRxdb({
  quick = false,
  only = "",
  json = join(BENCH, "results", "rxdb.json"),
}) {
  const length = quick ? "quick" : "full";
  const cases = CASES.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()));
  if (cases.length === 0) {
    const names = CASES.map(({ name }) => `  ${name}`).join("\n");
    throw new CommandError(`No case has "${only}" in its name. These are there:\n${names}`);
  }
  const machine = describeMachine();
  const measured = await measureAll(cases, length);
  const bill = only === "" ? await measureRxdbCosts() : null;
  const report = { date: new Date().toISOString(), machine, length, ...measured, bill };
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (!quick && only === "") writeFileSync(MARKDOWN, describe(report));
  printReport(report);
  const areFast = report.comparisons.every(({ isReached }) => isReached !== false);
  return areFast && (bill === null || bill.isDescendingAsCheap);
}

async function measureAll(cases, length) {
  const folder = makeTemporaryFolder("satchel-bench-rxdb-");
  const contestants = [];
  try {
    for (const label of ["satchel", "rxdb"]) {
      contestants.push(await open(label, folder, SEED[length]));
    }
    const comparisons = [];
    const disk = [];
    for (const work of cases) {
      console.error(`${work.name} ...`);
      disk.push(...measureDisk(folder, DISK_SAMPLES));
      comparisons.push(await compareRounds(work, contestants, work.extent[length]));
    }
    const holdings = {};
    for (const contestant of contestants) holdings[contestant.label] = await holdingOf(contestant);
    return { comparisons, disk, holdings, seed: SEED[length] };
  } finally {
    for (const { database, other } of contestants) {
      await database.close();
      await other.stop();
    }
    await Promise.all(contestants.map(({ server }) => server.stop()));
  }
}

/** A server with a database of the same name, and two clients of it. */
async function open(label, folder, size) {
  const server = await startServer(label, folder);
  const url = label === "satchel" ? await endpointOf(server) : server.url;
  const data = join(folder, label);
  const empty = { bytes: sizeOf(data), memory: residentMemory(server.pid) };
  const database = await openDatabase(label, url, [READ, WRITTEN]);
  const other = new SecondClient(label, url);
  await other.fill([READ, WRITTEN], size);
  return { label, server, data, empty, database, other, size };
}

/** With the access token of an app, as somebody has allowed it. */
async function endpointOf(server) {
  const token = await connectUser(server, USER);
  const origin = server.url.replace(/^http/, "ws");
  return `${origin}/rxdb/${USER}/${MODULE}?access_token=${token}`;
}

/** What a server holds in the end. Memory and disk in MB, the quota in bytes. */
async function holdingOf({ label, server, data, empty, database }) {
  const counts = await Promise.all([READ, WRITTEN].map((name) => database[name].count().exec()));
  return {
    documents: counts.reduce((sum, count) => sum + count, 0),
    memory: residentMemory(server.pid),
    memoryWhenEmpty: empty.memory,
    disk: (sizeOf(data) - empty.bytes) / 2 ** 20,
    ...(label === "satchel" ? await database.storage.customRequest("quota") : {}),
  };
}
