/**
 * `npm run bench -- files`: how long the pages about files, versions and the bin take in an account of very
 * many documents, and how much memory a roll-back takes.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCommit } from "../commit.mjs";
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
    const account = new Account(server, await connectAtSatchel(server.url, "many"));
    await account.fill(sizes);
    const moment = Date.now();
    process.stderr.write("deleting\n");
    const deletion = await account.runTask("/tasks", { action: "delete", path: "/work/" });
    const pages = await account.measurePages(pathsOf(deletion.path));
    process.stderr.write("going back\n");
    const preview = await account.runTask("/go-back/work/", { at: String(moment) });
    const idle = residentMemory(server.pid) ?? 0;
    const usage = measureProcess(server.pid);
    const task = await account.runTask(preview.path, { action: "do" });
    const memory = (usage.end().peakMemory ?? 0) - idle;
    pages.push(
      ...(await account.measurePages([task.path, "/files/work/0/", "/versions/work/0/1"])),
    );
    const tasks = { deletion, preview, "roll-back": task };
    const text = describeFiles({
      commit: readCommit(),
      sizes,
      pages,
      tasks,
      memory,
      limits: LIMITS,
    });
    process.stdout.write(text);
    if (!quick) writeFileSync(join(import.meta.dirname, "..", "FILES.md"), text);
    return memory <= LIMITS.memoryMb && pages.every(({ ms }) => ms <= LIMITS.pageMs);
  } finally {
    await server.stop();
  }
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
    process.stderr.write("filling\n");
    await this.#put("/notes/many/document-0");
    await this.#server.fillFolder("many", "/notes/many/", indexed);
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
    await expectStatus(await fetch(`${this.#server.url}/storage/many${path}`, init), 201);
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

  async measurePages(paths) {
    const pages = [];
    for (const path of paths) {
      const times = [];
      for (let run = 0; run < RUNS; run++) {
        const start = performance.now();
        await (await this.#get(path)).text();
        times.push(performance.now() - start);
      }
      pages.push({ path, ms: times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] });
    }
    return pages;
  }

  async #get(path) {
    const response = await fetch(this.#server.url + path, { headers: this.#headers });
    return expectStatus(response, 200);
  }
}

async function expectStatus(response, status) {
  if (response.status === status) return response;
  throw new Error(`${response.url}: ${response.status} ${(await response.text()).slice(0, 300)}`);
}
