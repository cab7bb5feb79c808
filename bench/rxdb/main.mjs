/** `npm run bench -- rxdb`: compares Satchel with RxDB's own server, and counts what operations cost. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CommandError } from "../../scripts/lib/command.mjs";
import { measureRxdbCosts } from "../cost/rxdb.mjs";
import { describeCommit, describeMachine } from "../machine.mjs";
import { residentMemory } from "../process-usage.mjs";
import { connectUser } from "../servers/connect-user.mjs";
import { startServer } from "../servers/server.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { CASES, READ_COLLECTION, SEED_DOCUMENTS, WRITE_COLLECTION } from "./cases.mjs";
import { openDatabase } from "./client.mjs";
import { folderSize, measureDisk } from "./disk.mjs";
import { printReport, toMarkdown } from "./report.mjs";
import { compareRounds } from "./rounds.mjs";
import { SecondClient } from "./second-client.mjs";

const BENCH = join(import.meta.dirname, "..");
const MARKDOWN = join(BENCH, "RXDB.md");

const USER = "bench-user";
const MODULE = "bench";

/** Samples of the disk's speed between two cases. */
const DISK_SAMPLES = 20;

/**
 * Runs the cases, counts what each operation costs, prints the tables and writes JSON; a full run of
 * all cases also writes RXDB.md. Throws a CommandError if a server gives a wrong response.
 * @param {object} options
 * @param {boolean} [options.quick] less in fewer rounds
 * @param {string} [options.only] text that the names of the cases must contain; then no costs are counted
 * @param {string} [options.json] where to write the JSON
 * @returns {Promise<boolean>} whether all targets are met
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
    throw new CommandError(`No case name contains "${only}". The cases are:\n${names}`);
  }
  const machine = describeMachine();
  const measured = await measureAll(cases, length);
  const cost = only === "" ? await measureRxdbCosts() : null;
  const commit = describeCommit();
  const report = { date: new Date().toISOString(), commit, machine, length, ...measured, cost };
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (!quick && only === "") writeFileSync(MARKDOWN, toMarkdown(report));
  printReport(report);
  const areTargetsMet = report.comparisons.every(({ isMet }) => isMet !== false);
  return areTargetsMet && (cost === null || cost.isDescendingAsCheap);
}

async function measureAll(cases, length) {
  const folder = makeTemporaryFolder("satchel-bench-rxdb-");
  const contestants = [];
  try {
    for (const label of ["satchel", "rxdb"]) {
      contestants.push(await openContestant(label, folder, SEED_DOCUMENTS[length]));
    }
    const comparisons = [];
    const disk = [];
    for (const work of cases) {
      console.error(`${work.name} ...`);
      disk.push(...measureDisk(folder, DISK_SAMPLES));
      comparisons.push(await compareRounds(work, contestants, work.extent[length]));
    }
    const usage = {};
    for (const contestant of contestants) usage[contestant.label] = await measureUsage(contestant);
    return { comparisons, disk, usage, seed: SEED_DOCUMENTS[length] };
  } finally {
    for (const { database, secondClient } of contestants) {
      await database.close();
      await secondClient.stop();
    }
    await Promise.all(contestants.map(({ server }) => server.stop()));
  }
}

/** Starts a server, and opens two clients of a database on it. */
async function openContestant(label, folder, size) {
  const server = await startServer(label, folder);
  const url = label === "satchel" ? await connectEndpoint(server) : server.url;
  const data = join(folder, label);
  const empty = { bytes: folderSize(data), memory: residentMemory(server.pid) };
  const database = await openDatabase(label, url, [READ_COLLECTION, WRITE_COLLECTION]);
  const secondClient = new SecondClient(label, url);
  await secondClient.fill([READ_COLLECTION, WRITE_COLLECTION], size);
  return { label, server, data, empty, database, secondClient, size };
}

/** The WebSocket URL of a module, with the access token of an authorized app. */
async function connectEndpoint(server) {
  const token = await connectUser(server, USER);
  const origin = server.url.replace(/^http/, "ws");
  return `${origin}/rxdb/${USER}/${MODULE}?access_token=${token}`;
}

/** The memory, disk and quota that a server uses. Memory and disk in MB, the quota in bytes. */
async function measureUsage({ label, server, data, empty, database }) {
  const counts = await Promise.all(
    [READ_COLLECTION, WRITE_COLLECTION].map((name) => database[name].count().exec()),
  );
  return {
    documents: counts.reduce((sum, count) => sum + count, 0),
    memory: residentMemory(server.pid),
    memoryWhenEmpty: empty.memory,
    disk: (folderSize(data) - empty.bytes) / 2 ** 20,
    ...(label === "satchel" ? await database.storage.customRequest("quota") : {}),
  };
}
