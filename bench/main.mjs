/** The speed comparison: Satchel, the floor Worker and armadietto at the same work in one run. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../scripts/lib/command.mjs";
import { measureBundle } from "./bundle-size.mjs";
import { casesFor } from "./cases.mjs";
import { compare, missed } from "./compare.mjs";
import { Client } from "./http-client.mjs";
import { describeMachine } from "./machine.mjs";
import { installPeers } from "./peers.mjs";
import { residentMemory } from "./process-usage.mjs";
import { printReport, toMarkdown } from "./report.mjs";
import { runRounds } from "./rounds.mjs";
import { connectUser } from "./servers/connect-user.mjs";
import { startServer } from "./servers/server.mjs";
import { storageRequests } from "./storage-requests.mjs";
import { makeTemporaryFolder } from "./temporary-folder.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const MARKDOWN = join(HERE, "SPEED.md");

/** Small documents, and large ones of so many bytes, that come and go before anything is measured. */
const SETTLING = 30;
const SETTLING_LARGE = 4;
const SETTLING_BYTES = 10 * 1024 * 1024;

/**
 * Runs the cases, prints the tables and writes them as JSON; a full run of all cases also as
 * Markdown. Throws a Failure when a server gives a wrong answer.
 * @param {object} options
 * @param {boolean} [options.quick] fewer requests in fewer rounds
 * @param {string} [options.only] a part of the names of the cases to run
 * @param {string} [options.json] where to write the JSON
 * @returns {Promise<boolean>} whether all targets were reached
 */
export async function runSpeed({
  quick = false,
  only = "",
  json = join(HERE, "results", "speed.json"),
}) {
  const length = quick ? "quick" : "full";
  const all = casesFor(length);
  const cases = all.filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()));
  if (cases.length === 0) {
    const names = all.map(({ name }) => `  ${name}`).join("\n");
    throw new CommandError(`No case has "${only}" in its name. These are there:\n${names}`);
  }
  const machine = describeMachine();
  const absence = await installPeers();
  const bundle = only === "" ? await measureBundle(length) : {};
  const measured = await measureAll(cases, absence ? [] : ["armadietto"], length);
  const report = {
    date: new Date().toISOString(),
    machine,
    length,
    bundle,
    ...measured,
    notes: [...(absence ? [absence] : []), ...measured.notes],
  };
  const shortfalls = missed(report.comparisons);
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify({ ...report, missed: shortfalls }, null, 2)}\n`);
  if (!quick && only === "") writeFileSync(MARKDOWN, toMarkdown(report));
  printReport(report);
  return shortfalls.length === 0;
}

async function measureAll(cases, peers, length) {
  const folder = makeTemporaryFolder("satchel-bench-");
  const servers = [];
  try {
    for (const name of ["satchel", "floor", ...peers]) {
      servers.push(await startServer(name, folder));
    }
    const peopleCount = Math.max(...cases.map(({ people = 1 }) => people));
    const storages = await Promise.all(servers.map((server) => signUp(server, peopleCount)));
    for (const [index, server] of servers.entries()) await settle(server, storages[index][0]);
    const comparisons = [];
    const results = {};
    const notes = [];
    for (const work of cases) {
      console.error(`${work.name} ...`);
      const contestants = contestantsOf(work, servers, storages);
      const outcome = await runRounds(work, contestants, work.extent[length]);
      results[work.name] = outcome.results;
      comparisons.push(...compare(work, outcome.results));
      notes.push(...outcome.notes);
    }
    return { comparisons, results, notes };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function signUp(server, count) {
  const storages = [];
  for (let number = 0; number < count; number++) {
    const user = `person-${number}`;
    storages.push(storageRequests(user, await connectUser(server, user)));
  }
  return storages;
}

/**
 * Has a server do a little of everything, and notes what it holds when it is done. Of large bodies
 * too, a tenth of the largest: whoever streams them needs no more for ten times as much.
 */
async function settle(server, { put, get, delete: remove }) {
  const client = new Client(server.url, 1);
  const folder = "/bench/settling/";
  const visit = (path, body) => [put(path, body), get(path), get(folder), remove(path)];
  for (let number = 0; number < SETTLING; number++) {
    await client.run(visit(`${folder}small-${number}`, Buffer.from("x")), 1);
  }
  for (let number = 0; number < SETTLING_LARGE; number++) {
    await client.run(visit(`${folder}large-${number}`, Buffer.alloc(SETTLING_BYTES, "x")), 1);
  }
  client.close();
  server.idleMemory = residentMemory(server.pid);
}

function contestantsOf({ people = 1, size, smallSize, isAlsoAlone }, servers, storages) {
  const all = servers.map((server, index) => ({
    label: server.name,
    server,
    storages: storages[index].slice(0, people),
    size,
  }));
  const [satchel, floor] = all;
  return [
    ...all,
    ...(smallSize ? [{ ...satchel, label: "itself", size: smallSize }] : []),
    ...(isAlsoAlone ? [{ ...floor, label: "alone", parallel: 1 }] : []),
  ];
}
