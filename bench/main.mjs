/** The speed comparison: the same cases against Satchel, the baseline Worker and armadietto. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "../scripts/lib/command.mjs";
import { measureBundle } from "./bundle-size.mjs";
import { casesFor } from "./cases.mjs";
import { compare, describeMissed } from "./compare.mjs";
import { Client } from "./http-client.mjs";
import { describeCommit, describeMachine } from "./machine.mjs";
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

/** Documents that are stored and deleted before anything is measured: small ones, and large ones. */
const WARM_UP_DOCUMENTS = 30;
const WARM_UP_LARGE_DOCUMENTS = 4;
const WARM_UP_LARGE_BYTES = 10 * 1024 * 1024;

/**
 * Runs the cases, prints the tables and writes JSON; a full run of all cases also writes SPEED.md.
 * Throws a CommandError if a server gives a wrong response.
 * @param {object} options
 * @param {boolean} [options.quick] fewer requests in fewer rounds
 * @param {string} [options.only] text that the names of the cases must contain
 * @param {string} [options.json] where to write the JSON
 * @returns {Promise<boolean>} whether all targets are met
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
    throw new CommandError(`No case name contains "${only}". The cases are:\n${names}`);
  }
  const machine = describeMachine();
  const peerError = await installPeers();
  const bundle = only === "" ? await measureBundle(length) : {};
  const measured = await measureAll(cases, peerError ? [] : ["armadietto"], length);
  const report = {
    date: new Date().toISOString(),
    commit: describeCommit(),
    machine,
    length,
    bundle,
    ...measured,
    notes: [...(peerError ? [peerError] : []), ...measured.notes],
  };
  const missed = describeMissed(report.comparisons);
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify({ ...report, missed }, null, 2)}\n`);
  if (!quick && only === "") writeFileSync(MARKDOWN, toMarkdown(report));
  printReport(report);
  return missed.length === 0;
}

async function measureAll(cases, peers, length) {
  const folder = makeTemporaryFolder("satchel-bench-");
  const servers = [];
  try {
    for (const name of ["satchel", "baseline", ...peers]) {
      servers.push(await startServer(name, folder));
    }
    const userCount = Math.max(...cases.map(({ users = 1 }) => users));
    const storages = await Promise.all(servers.map((server) => signUpUsers(server, userCount)));
    for (const [index, server] of servers.entries()) await warmUp(server, storages[index][0]);
    const comparisons = [];
    const results = {};
    const notes = [];
    for (const work of cases) {
      console.error(`${work.name} ...`);
      const contestants = findContestants(work, servers, storages);
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

async function signUpUsers(server, count) {
  const storages = [];
  for (let number = 0; number < count; number++) {
    const user = `user-${number}`;
    storages.push(storageRequests(user, await connectUser(server, user)));
  }
  return storages;
}

/**
 * Sends a server some requests of each kind, and records its memory afterwards. Includes bodies of a
 * tenth of the largest size: a server that streams needs no more memory for ten times as much.
 */
async function warmUp(server, { put, get, delete: remove }) {
  const client = new Client(server.url, 1);
  const folder = "/bench/warm-up/";
  const requestsFor = (path, body) => [put(path, body), get(path), get(folder), remove(path)];
  for (let number = 0; number < WARM_UP_DOCUMENTS; number++) {
    await client.run(requestsFor(`${folder}small-${number}`, Buffer.from("x")), 1);
  }
  for (let number = 0; number < WARM_UP_LARGE_DOCUMENTS; number++) {
    await client.run(
      requestsFor(`${folder}large-${number}`, Buffer.alloc(WARM_UP_LARGE_BYTES, "x")),
      1,
    );
  }
  client.close();
  server.idleMemory = residentMemory(server.pid);
}

function findContestants({ users = 1, size, smallSize, isAlsoSequential }, servers, storages) {
  const all = servers.map((server, index) => ({
    label: server.name,
    server,
    storages: storages[index].slice(0, users),
    size,
  }));
  const [satchel, baseline] = all;
  return [
    ...all,
    ...(smallSize ? [{ ...satchel, label: "itself", size: smallSize }] : []),
    ...(isAlsoSequential ? [{ ...baseline, label: "sequential", parallel: 1 }] : []),
  ];
}
