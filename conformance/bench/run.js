/**
 * How fast a provider is, seen from here: a bounded number of requests in folders of its own. What it measures
 * includes the network between this machine and the provider, so it compares providers only from one place.
 */

import { UsageError } from "../arguments.js";
import { App } from "../run/app.js";
import { tokenFor } from "../run/context.js";
import { createHttp } from "../run/http.js";
import { Workspace } from "../run/workspace.js";
import { formatMs, quantile } from "./statistics.js";

/** @typedef {ReturnType<typeof import("../arguments.js").parseArguments>} Arguments */

/** What remotestorage.js has in flight during a sync. */
const SYNC_CONCURRENCY = 10;

const BODY = "x".repeat(1000);

/**
 * Runs the measurements, cleans up and prints a table.
 * @param {Arguments} args
 * @param {import("../run/context.js").Target} target
 * @param {import("../run/http.js").HttpOptions} http
 * @param {(text: string) => void} print
 * @returns {Promise<number>} the exit code
 */
export async function runBench(args, target, http, print) {
  if (!args["i-may-load-this-server"]) {
    throw new UsageError(
      `The bench sends up to ${args.requests} requests. Run it only at a provider of your own, or with its owner's consent, and say so with --i-may-load-this-server.`,
    );
  }
  const workspace = new Workspace(target.module);
  const send = createHttp({ ...http, onAnswer: (answer) => workspace.note(answer) });
  const token = tokenFor(target, target.module, "app");
  if (token === undefined) throw new UsageError(`There is no token for ${target.module}:rw.`);
  const app = new App(send, target.storageRoot, token);
  print(`Measuring ${target.storageRoot} from this machine, in ${workspace.privateFolder}`);
  try {
    const rows = await measureAll(app, workspace.privateFolder, args);
    print(renderTable(rows));
    print("All times include the network between this machine and the provider.");
  } finally {
    const left = await workspace.cleanUp(send, app);
    for (const path of left) print(`Could not be deleted: ${path}`);
  }
  return 0;
}

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number[]} ms the duration of each request
 * @property {number} totalMs from the first to the last
 * @property {number} failed answers other than the expected one
 */

/**
 * Each measurement takes its share of the requests: a document that is stored is also read and deleted.
 * @param {App} app
 * @param {string} folder
 * @param {Arguments} args
 * @returns {Promise<Row[]>}
 */
async function measureAll(app, folder, { requests, writers }) {
  const count = Math.floor(requests / 10);
  const paths = Array.from({ length: count }, (_, index) => `${folder}sync/doc${index}`);
  const single = `${folder}single`;
  const known = async () => ({ "If-None-Match": await app.etag(`${folder}sync/`) });
  const rows = [
    await measure("preflight", count, 1, () => app.request("OPTIONS", single), [200, 204]),
    await measure(
      "PUT of a new document (1 kB)",
      count,
      1,
      (i) => app.put(paths[i], BODY),
      [200, 201],
    ),
    await measure(
      "PUT of the same document",
      count,
      1,
      () => app.put(single, BODY),
      [200, 201, 204],
    ),
    await measure("GET of a document", count, 1, (i) => app.get(paths[i]), [200]),
    await measure(
      `GET of a folder of ${count} documents`,
      count,
      1,
      () => app.get(`${folder}sync/`),
      [200],
    ),
  ];
  const condition = await known();
  rows.push(
    await measure(
      "polling: GET of an unchanged folder",
      count,
      1,
      () => app.get(`${folder}sync/`, condition),
      [304],
    ),
    await measure(
      `first sync of ${count} documents, ${SYNC_CONCURRENCY} at once`,
      count,
      SYNC_CONCURRENCY,
      (i) => app.get(paths[i]),
      [200],
    ),
    await measure(
      `${writers} writers in one folder`,
      count,
      writers,
      (i) => app.put(`${folder}writers/doc${i}`, BODY),
      [200, 201],
    ),
    await measure("DELETE of a document", count, 1, (i) => app.delete(paths[i]), [200, 204]),
  );
  return rows;
}

/**
 * @param {string} name
 * @param {number} count
 * @param {number} concurrency
 * @param {(index: number) => Promise<import("../run/answer.js").Answer>} request
 * @param {number[]} expected statuses
 * @returns {Promise<Row>}
 */
async function measure(name, count, concurrency, request, expected) {
  /** @type {number[]} */
  const ms = [];
  let failed = 0;
  let next = 0;
  const start = performance.now();
  const work = async () => {
    while (next < count) {
      const index = next++;
      const before = performance.now();
      const { status } = await request(index);
      ms.push(performance.now() - before);
      if (!expected.includes(status)) failed++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return { name, ms, totalMs: performance.now() - start, failed };
}

/** @param {Row[]} rows */
function renderTable(rows) {
  const cells = rows.map(({ name, ms, totalMs, failed }) => [
    name,
    formatMs(quantile(ms, 0.5)),
    formatMs(quantile(ms, 0.95)),
    ((ms.length / totalMs) * 1000).toFixed(0),
    failed > 0 ? `${failed} of ${ms.length}` : "",
  ]);
  const all = [["", "median ms", "95 % ms", "per second", "unexpected"], ...cells];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
