/**
 * `npm run bench -- conformance`: the conformance suite at Satchel and at the other providers that npm has, each
 * in a process of its own.
 */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DiscoveryError } from "../../conformance/connect/webfinger.js";
import { CASES, Session } from "../../conformance/index.js";
import { findDifferences } from "../../conformance/report/sameness.js";
import { Undecided } from "../../conformance/run/outcomes.js";
import { CommandError } from "../../scripts/lib/command.mjs";
import { describeCommit } from "../machine.mjs";
import { installPeers } from "../peers.mjs";
import { startServer } from "../servers/server.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { createTarget } from "./connect.mjs";
import { describeConformance } from "./report.mjs";

const THIS_NODE = `Node ${process.versions.node}`;

/** The providers. Where several ways to run one are named, the first that works is taken. */
const PROVIDERS = [
  { name: "satchel", ways: [{ server: "satchel", how: THIS_NODE }] },
  { name: "armadietto", ways: [{ server: "armadietto", how: THIS_NODE }] },
  {
    name: "restore",
    ways: [
      { server: "restore", how: THIS_NODE },
      { server: "restore-on-node-6", how: "Node 6" },
    ],
  },
  { name: "remotestorage-server", ways: [{ server: "remotestorage-server", how: THIS_NODE }] },
];

/** How often the suite runs at each provider, unless it is said otherwise. */
const RUNS = 3;

/** How many providers are judged at the same time. */
const AT_ONCE = 2;

/** All is on one machine: what takes longer than this is never answered. */
const TIME_LIMIT_MS = 10_000;
const PROBE_LIMIT_MS = 2_000;
const MAX_PAUSE_MS = 200;

/** What is no bug, but the provider's answer. */
const ANSWERS = [CommandError, DiscoveryError, Undecided];

const ROOT = join(import.meta.dirname, "../..");

/**
 * Runs the suite at each provider, prints the comparison, and writes bench/CONFORMANCE.md if nothing was left
 * out. Returns whether no case fails at Satchel, and all results were the same in all runs.
 * @param {{quick?: boolean, only?: string, runs?: number}} options `quick`: once, and no page is written;
 *   `only`: text that the provider's name must contain; `runs`: how often the suite runs at each
 */
export async function runConformance({ quick = false, only = "", runs = quick ? 1 : RUNS } = {}) {
  const peerError = await installPeers();
  const providers = PROVIDERS.filter(({ name }) => name === "satchel" || !peerError);
  const commit = describeCommit();
  const chosen = providers.filter(({ name }) => name.includes(only));
  const judged = await judgeAll(chosen, runs, makeTemporaryFolder("satchel-conformance-"));
  const text = describeConformance(judged, {
    date: new Date().toISOString().slice(0, 10),
    commit,
    runs,
    suite: readVersion(join(ROOT, "conformance")),
    cases: CASES.length,
    notes: peerError ? [peerError] : [],
  });
  process.stdout.write(text);
  if (!quick && only === "") writeFileSync(join(ROOT, "bench", "CONFORMANCE.md"), text);
  return judged.every(
    ({ name, run, differences }) =>
      differences.length === 0 && !(name === "satchel" && (run === null || hasFailed(run))),
  );
}

const hasFailed = ({ results }) => results.some(({ outcome }) => outcome === "failed");

/** Judges some providers at once, since most of the time passes in waiting for servers that hang. */
async function judgeAll(providers, count, folder) {
  const judged = [];
  const queue = providers.entries();
  const judgeNext = async () => {
    for (const [index, { name, ways }] of queue) {
      judged[index] = await judge(name, ways, count, folder);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, judgeNext));
  return judged;
}

/**
 * Runs the suite at a provider, in the first way that works.
 * @returns {Promise<import("./report.mjs").Provider>}
 */
async function judge(name, ways, count, folder) {
  const own = name === "satchel" ? ROOT : join(ROOT, "bench", "peers", "node_modules", name);
  const provider = { name, version: readVersion(own), attempts: [] };
  for (const { server, how } of ways) {
    try {
      const runs = [];
      for (let number = 1; number <= count; number++) {
        process.stderr.write(`${name} on ${how}, run ${number} of ${count} ...\n`);
        runs.push(await runOnce(server, folder));
      }
      return { ...provider, how, run: runs[0], differences: findDifferences(runs) };
    } catch (error) {
      if (!ANSWERS.some((type) => error instanceof type)) throw error;
      const [answer] = error.message.split("\n");
      console.error(`${name} on ${how}: ${answer}`);
      provider.attempts.push({ how, answer: answer.replace(/\.$/, "") });
    }
  }
  return { ...provider, how: null, run: null, differences: [] };
}

/** Runs all cases at a fresh server. After one during which it stopped answering, the others run at another. */
async function runOnce(name, folder) {
  const results = [];
  let about = {};
  while (results.length < CASES.length) {
    const server = await startServer(name, mkdtempSync(join(folder, "server-")));
    let isHung = false;
    try {
      const { target, announced } = await createTarget(server);
      about = { announced, draft: target.draft, storageRoot: target.storageRoot };
      const session = new Session(target, {
        timeLimitMs: TIME_LIMIT_MS,
        probeLimitMs: PROBE_LIMIT_MS,
        wait: (ms) => sleep(Math.min(ms, MAX_PAUSE_MS)),
      });
      for (const one of CASES.slice(results.length)) {
        const result = await session.run(one);
        results.push(result);
        isHung = result.reason === "stopped";
        if (isHung) break;
      }
      await session.finish();
    } finally {
      await server.stop({ isHung });
    }
  }
  return { ...about, results };
}

const readVersion = (folder) =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
