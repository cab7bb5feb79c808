/**
 * `npm run bench -- conformance`: the conformance suite at Satchel and at the other providers that npm has, each
 * in a process of its own.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CASES, Session } from "../../conformance/index.js";
import { installPeers } from "../peers.mjs";
import { startServer } from "../servers/server.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { createTarget } from "./connect.mjs";
import { describeConformance } from "./report.mjs";

const PEERS = ["armadietto", "restore", "remotestorage-server"];

/** How often the suite runs at each provider: the results have to be the same. */
const RUNS = 3;

/** All is on one machine: no answer takes that long, and no pause has to be long. */
const TIME_LIMIT_MS = 3_000;
const MAX_PAUSE_MS = 200;

/** Prefixes of account names, for servers that allow letters only. */
const PREFIXES = ["one", "two", "three"];

const ROOT = join(import.meta.dirname, "../..");

/**
 * Runs the suite at each provider, prints the comparison, and writes bench/CONFORMANCE.md if nothing was left
 * out. Returns whether no case fails at Satchel, and all results were the same each time.
 * @param {{quick?: boolean, only?: string}} options `only`: text that the provider's name must contain
 */
export async function runConformance({ quick = false, only = "" } = {}) {
  const peerError = await installPeers();
  const names = ["satchel", ...(peerError ? [] : PEERS)].filter((name) => name.includes(only));
  const notes = peerError ? [peerError] : [];
  const runs = quick ? 1 : RUNS;
  const providers = [];
  for (const name of names) {
    try {
      providers.push(await runAt(name, runs));
    } catch (error) {
      notes.push(`${name} could not be judged: ${error.message.split("\n")[0]}`);
    }
  }
  const suite = readVersion(join(ROOT, "conformance"));
  const date = new Date().toISOString().slice(0, 10);
  const facts = { date, runs, suite, cases: CASES.length, notes };
  const text = describeConformance(providers, facts);
  process.stdout.write(text);
  if (!quick && only === "") writeFileSync(join(ROOT, "bench", "CONFORMANCE.md"), text);
  return providers.every(
    ({ name, run, areEqual }) => areEqual && (name !== "satchel" || !hasFailed(run)),
  );
}

const hasFailed = ({ results }) => results.some(({ outcome }) => outcome === "failed");

/** Runs the suite some times, with other accounts each time. */
async function runAt(name, count) {
  const runs = [];
  for (let index = 0; index < count; index++) {
    process.stderr.write(`${name}, run ${index + 1} of ${count} ...\n`);
    runs.push(await runOnce(name, PREFIXES[index]));
  }
  const outcomes = runs.map(({ results }) =>
    results.map(({ case: { id }, outcome, reason }) => [id, outcome, reason].join(" ")).join("\n"),
  );
  const own = name === "satchel" ? ROOT : join(ROOT, "bench", "peers", "node_modules", name);
  const areEqual = new Set(outcomes).size === 1;
  return { name, version: readVersion(own), run: runs[0], areEqual };
}

/** Runs all cases. After one during which the server stopped answering, the others run at a fresh server. */
async function runOnce(name, prefix) {
  const results = [];
  let about = {};
  while (results.length < CASES.length) {
    const server = await startServer(name, makeTemporaryFolder("satchel-conformance-"));
    try {
      const { target, announced } = await createTarget(server, prefix);
      about = { announced, draft: target.draft, storageRoot: target.storageRoot };
      const session = new Session(target, {
        timeLimitMs: TIME_LIMIT_MS,
        wait: (ms) => sleep(Math.min(ms, MAX_PAUSE_MS)),
      });
      for (const one of CASES.slice(results.length)) {
        const result = await session.run(one);
        results.push(result);
        if (result.reason === "stopped") break;
      }
      await session.finish();
    } finally {
      await server.stop();
    }
  }
  return { ...about, results };
}

const readVersion = (folder) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
