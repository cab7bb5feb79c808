/**
 * `npm run bench -- --edge`: what users wait for when each call to D1, R2 and Durable Objects takes as
 * long as on the real platform.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../../scripts/lib/command.mjs";
import { stopCompiler } from "../../scripts/lib/compiler.mjs";
import { compare, describeMissed } from "../compare.mjs";
import { Client } from "../http-client.mjs";
import { describeCommit, describeMachine } from "../machine.mjs";
import { runRounds } from "../rounds.mjs";
import { connectUser } from "../servers/connect-user.mjs";
import { storageRequests } from "../storage-requests.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { bench, edgeCases } from "./cases.mjs";
import { measureGuesses } from "./guesses.mjs";
import { LATENCIES } from "./latencies.mjs";
import { describeEdge } from "./report.mjs";
import { startEdgeServer } from "./server.mjs";

const BENCH = join(import.meta.dirname, "..");
const USER = "edge";

/** Requests of a case before the one that is traced, so that it is an ordinary one. */
const TRACE_ATTEMPTS = 3;

/**
 * Runs the cases, prints the tables and writes JSON; a full run with the default latencies also writes
 * EDGE.md. Throws a CommandError if a server gives a wrong response.
 * @param {object} options
 * @param {boolean} [options.quick] fewer requests in fewer rounds
 * @param {string} [options.only] text that the names of the cases must contain
 * @param {string} [options.json] where to write the JSON
 * @param {Partial<import("./delay-bindings.mjs").Latencies>} [options.latencies] in place of the defaults
 * @returns {Promise<boolean>} whether all targets are met
 */
export async function runEdge({
  quick = false,
  only = "",
  json = join(BENCH, "results", "edge.json"),
  latencies: changed = {},
}) {
  const cases = edgeCases().filter(({ name }) => name.toLowerCase().includes(only.toLowerCase()));
  if (cases.length === 0) throw new CommandError(`No case name contains "${only}".`);
  const latencies = { ...LATENCIES, ...changed };
  const commit = describeCommit();
  const machine = describeMachine();
  const length = quick ? "quick" : "full";
  const folder = makeTemporaryFolder("satchel-edge-");
  const measured = await measureCases(cases, folder, latencies, length);
  const guesses =
    only === "" ? await measureGuesses(join(folder, "guesses"), latencies, length) : [];
  await stopCompiler();
  const missed = describeMissed(measured.map(({ comparison }) => comparison));
  const date = new Date().toISOString();
  const report = { date, commit, machine, latencies, measured, guesses, missed };
  mkdirSync(join(BENCH, "results"), { recursive: true });
  writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  const text = describeEdge(report);
  process.stdout.write(text);
  const isWhole = !quick && only === "" && Object.keys(changed).length === 0;
  if (isWhole) writeFileSync(join(BENCH, "EDGE.md"), text);
  return missed.length === 0;
}

/** The results as they were without slow motion. */
function speedUp(results, slow) {
  const scale = ({ p50, p99, firstByte, perSecond, seconds }) => ({
    p50: p50 / slow,
    p99: p99 / slow,
    firstByte: firstByte / slow,
    perSecond: perSecond * slow,
    seconds: seconds / slow,
  });
  return Object.fromEntries(
    Object.entries(results).map(([label, { overall, rounds }]) => [
      label,
      { overall: scale(overall), rounds: rounds.map(scale) },
    ]),
  );
}

async function measureCases(cases, folder, latencies, length) {
  const servers = [];
  try {
    for (const name of ["satchel", "baseline"]) {
      const { cache, ...floor } = latencies;
      servers.push(await startEdgeServer(name, folder, name === "satchel" ? latencies : floor));
    }
    const contestants = await Promise.all(servers.map(toContestant));
    const measured = [];
    for (const work of cases) {
      console.error(`${work.name} ...`);
      const sized = contestants.map((contestant) => ({ ...contestant, size: work.size }));
      for (const { url } of servers) await setSlowness(url, work.slow);
      const slowed = await runRounds(work, sized, work.extent[length]);
      const results = speedUp(slowed.results, work.slow);
      const [comparison] = compare(work, results);
      const traces = {};
      if (work.isSingle) {
        for (const contestant of contestants) {
          traces[contestant.label] = await traceCase(work, contestant);
        }
      }
      measured.push({ name: work.name, slow: work.slow, results, comparison, traces });
    }
    return measured;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function setSlowness(url, factor) {
  const client = new Client(url, 1);
  await client.fetch(bench("slow", factor));
  client.close();
}

async function toContestant(server) {
  const storage = storageRequests(USER, await connectUser(server, USER));
  return { label: server.name, server, storages: [storage] };
}

/**
 * The calls of one request of a case.
 * @returns {Promise<import("./delay-bindings.mjs").Trace>}
 */
async function traceCase(work, { server, storages }) {
  const client = new Client(server.url, 1);
  const [storage] = storages;
  const context = {
    storage,
    storages,
    folder: `/bench/trace-${work.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}/`,
    size: work.size,
    sendOne: (request) => client.fetch(request),
    send: (requests) => client.run(requests, 1),
    fillFolder: (folder, count) => server.fillFolder(storage.user, folder, count),
  };
  await work.prepare(context);
  let trace = "";
  for (let attempt = 0; attempt < TRACE_ATTEMPTS; attempt++) {
    const options = { count: 1, round: `trace-${attempt}` };
    if (work.before) await context.send(work.before(context, options));
    const [[request]] = work.steps(context, options);
    const headers = { ...request.headers, "X-Edge-Trace": "yes" };
    trace = (await client.fetch({ ...request, headers })).headers["x-edge-trace"];
  }
  client.close();
  return JSON.parse(trace);
}
