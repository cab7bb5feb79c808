/**
 * `npm run bench -- files`: how long the pages about files, versions and the bin take in an account of very
 * many documents, and how much memory a roll-back takes. A full run takes some ten minutes.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeCommit } from "../machine.mjs";
import { measureProcess, residentMemory } from "../process-usage.mjs";
import { connectAtSatchel } from "../servers/connect-user.mjs";
import { startServer } from "../servers/server.mjs";
import { makeTemporaryFolder } from "../temporary-folder.mjs";
import { describeFiles } from "./report.mjs";

/** Documents that only the index has, and those that have bodies, too, so that they can be brought back. */
const SIZES = { indexed: 90_000, stored: 10_000 };
const QUICK_SIZES = { indexed: 9000, stored: 1000 };

/** Documents in one folder. */
const FOLDER_DOCUMENTS = 500;

/** Requests that are sent at once. */
const PARALLEL = 20;

/** How often each page is loaded; the median counts. */
const RUNS = 5;

const LIMITS = { pageMs: 300, memoryMb: 50 };

/**
 * Measures, prints the result, and writes bench/FILES.md if nothing was left out. Returns whether each page
 * and the memory are within their limits.
 * @param {{quick?: boolean}} options
 */
export async function runFiles({ quick = false } = {}) {
  const sizes = quick ? QUICK_SIZES : SIZES;
  const data = join(makeTemporaryFolder("satchel-files-"), "data");
  mkdirSync(data);
  const server = await startServer("satchel", data);
  try {
    const measured = await measureAll(server, sizes);
    const text = describeFiles({ commit: describeCommit(), sizes, ...measured, limits: LIMITS });
    process.stdout.write(text);
    if (!quick) writeFileSync(join(import.meta.dirname, "..", "FILES.md"), text);
    const { memory, pages } = measured;
    return memory.second <= LIMITS.memoryMb && pages.every(({ ms }) => ms <= LIMITS.pageMs);
  } finally {
    await server.stop();
  }
}

async function measureAll(server, sizes) {
  const account = new Account(server, await connectAtSatchel(server.url, "many"));
  report("filling");
  await account.fill(sizes);
  const moment = Date.now();
  report("deleting");
  const deletion = await account.runTask("/tasks", { action: "delete", path: "/work/" });
  const pages = await account.measurePages(pathsOf(deletion.path));
  pages.push(...(await account.measurePages([await account.findLastPage("/bin/work/")])));
  report("going back");
  const goBack = () => account.goBack("/go-back/work/", moment);
  const first = await measureMemory(server, goBack);
  const { preview, task } = first.result;
  pages.push(...(await account.measurePages([task.path, "/files/work/0/", "/versions/work/0/1"])));
  report("undoing it, and going back once more");
  const undo = await account.runTask(task.path, { action: "undo" });
  const second = await measureMemory(server, goBack);
  report("storing the same documents by requests");
  const requests = await measureMemory(server, () => account.storeAll(sizes.stored));
  return {
    pages,
    tasks: { deletion, preview, "roll-back": task, undo },
    memory: { first: first.peak, second: second.peak, requests: requests.peak },
  };
}

const report = (text) => process.stderr.write(`${text}\n`);

/** The most memory, in MB, that the server takes during an action above what it took before. */
async function measureMemory({ pid }, action) {
  const before = residentMemory(pid) ?? 0;
  const usage = measureProcess(pid);
  const result = await action();
  return { result, peak: (usage.end().peakMemory ?? 0) - before };
}

const pathsOf = (task) => [
  "/files/",
  "/files/notes/",
  "/files/notes/many/",
  "/files/notes/many/?sort=size",
  "/files/notes/many/?sort=modified",
  "/files/notes/?q=document-89",
  "/versions/work/0/1",
  "/bin",
  "/bin/work/",
  "/go-back/work/",
  "/go-back/",
  "/tasks",
  task,
  `${task}?after=5000`,
];

/** A user with a session and a token. */
class Account {
  #server;
  #token;
  #headers;

  constructor(server, { token, cookie }) {
    this.#server = server;
    this.#token = token;
    this.#headers = { Cookie: cookie, Origin: server.url, Accept: "text/html" };
  }

  async fill({ indexed, stored }) {
    await this.#put("/notes/many/document-0");
    await this.#server.fillFolder("many", "/notes/many/", indexed);
    await this.storeAll(stored);
  }

  /** Stores documents by requests, or replaces them. */
  async storeAll(stored) {
    const paths = Array.from(
      { length: stored },
      (_, index) => `/work/${Math.floor(index / FOLDER_DOCUMENTS)}/${index % FOLDER_DOCUMENTS}`,
    );
    const worker = async () => {
      for (let path = paths.pop(); path; path = paths.pop()) await this.#put(path);
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
  }

  async #put(path) {
    const headers = { Authorization: `Bearer ${this.#token}`, "Content-Type": "text/plain" };
    const init = { method: "PUT", headers, body: `The document at ${path}.` };
    await expectStatus(await fetch(`${this.#server.url}/storage/many${path}`, init), 200, 201);
  }

  /** Goes back to a moment, after the preview. */
  async goBack(form, moment) {
    const preview = await this.runTask(form, { at: String(moment) });
    return { preview, task: await this.runTask(preview.path, { action: "do" }) };
  }

  /** Submits a form that starts a task, and waits until it has ended. */
  async runTask(form, fields) {
    const start = performance.now();
    const init = { method: "POST", headers: this.#headers, redirect: "manual" };
    const body = new URLSearchParams(fields);
    const response = await fetch(this.#server.url + form, { ...init, body });
    await expectStatus(response, 303);
    const { pathname: path } = new URL(response.headers.get("location"), this.#server.url);
    for (;;) {
      const progress = await (await this.#get(`${path}/progress`)).json();
      if (progress.state !== "running") {
        const seconds = (performance.now() - start) / 1000;
        return { path, seconds, looked: progress.looked, text: progress.text };
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** Follows the links to the next page of a list. Returns the path of the last page. */
  async findLastPage(path) {
    for (let last = path; ; ) {
      const html = await (await this.#get(last)).text();
      const [, next] = /href="([^"]*[?&](?:amp;)?after=[^"]*)"/.exec(html) ?? [];
      if (next === undefined) return last;
      last = next.replaceAll("&amp;", "&");
    }
  }

  async measurePages(paths) {
    const pages = [];
    for (const path of paths) {
      const times = [];
      for (let run = 0; run < RUNS; run++) {
        const start = performance.now();
        await (await this.#get(path)).text();
        times.push(performance.now() - start);
      }
      const [first] = times;
      pages.push({ path, first, ms: times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] });
    }
    return pages;
  }

  async #get(path) {
    const response = await fetch(this.#server.url + path, { headers: this.#headers });
    return expectStatus(response, 200);
  }
}

async function expectStatus(response, ...statuses) {
  if (statuses.includes(response.status)) return response;
  throw new Error(`${response.url}: ${response.status} ${(await response.text()).slice(0, 300)}`);
}
