/** Acknowledged writes survive kill -9 under load, and so do tasks. */

import { cpSync, globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { type Server, startServer, temporaryFolder } from "./server";
import { allowApp, signUp } from "./test-user";
import { type Send, WriteLoad } from "./write-load";

/** How often the server is killed and restarted. */
const ROUNDS = Number(process.env.CRASH_ROUNDS || 2);
/** The seed of a failure reproduces it. */
const SEED = Number(process.env.CRASH_SEED || Date.now() % 2 ** 31);

const ROUND_TIMEOUT_MS = 5 * 60_000;

const USERS = ["alice", "bob", "carol"];

it(
  "keeps every acknowledged write if it is killed under load, and never answers 500",
  async () => {
    const data = temporaryFolder();
    let server = await startServer(data);
    const { url, port } = server;
    const load = new WriteLoad(await Promise.all(USERS.map((name) => connectNewUser(url, name))));
    for (let round = 0; round < ROUNDS; round++) {
      const context = `CRASH_SEED=${SEED}, round ${round}`;
      let ended: ReturnType<Server["stop"]> | undefined;
      await load.runUntilKilled(SEED + round, () => {
        ended = server.stop("SIGKILL");
      });
      await ended;
      expect(inconsistentFolders(data), context).toEqual([]);
      // The port is free only if the runtime ended with the server.
      server = await startServer(data, { args: ["--port", port] });
      expect(await load.findViolations(), context).toEqual([]);
      expect(server.output.stderr, context).toBe("");
    }
    expect(load.acknowledged).toBeGreaterThan(0);
  },
  ROUNDS * ROUND_TIMEOUT_MS,
);

const DOCUMENTS = 120;

it(
  "finishes a move of a folder that it was killed in, and undo takes back all of it",
  async () => {
    const data = temporaryFolder();
    let server = await startServer(data);
    const { url, port } = server;
    const restart = async () => {
      await server.stop("SIGKILL");
      server = await startServer(data, { args: ["--port", port] });
    };
    const { send, cookie } = await connectUser(url, "alice");
    const names = Array.from({ length: DOCUMENTS }, (_, index) => String(index));
    const headers = { "Content-Type": "text/plain" };
    const put = (name: string) => send(`/notes/${name}`, { method: "PUT", body: name, headers });
    await Promise.all(names.map(put));
    const user = new TaskUser(url, cookie);
    const move = await user.start("/tasks", { action: "move", path: "/notes/", to: "/moved/" });
    for (const moved of [1, DOCUMENTS / 3]) {
      await user.waitUntil(move, ({ looked }) => looked >= moved);
      await restart();
    }
    expect(await user.waitUntil(move, ({ state }) => state !== "running")).toMatchObject({
      state: "done",
      looked: DOCUMENTS,
    });
    expect(await readFolder(send, "/moved/notes/")).toEqual(names.toSorted());
    expect(await readFolder(send, "/notes/")).toEqual([]);
    expect(inconsistentFolders(data)).toEqual([]);
    const undo = await user.start(move, { action: "undo" });
    await restart();
    await user.waitUntil(undo, ({ state }) => state !== "running");
    expect(await readFolder(send, "/notes/")).toEqual(names.toSorted());
    expect(await readFolder(send, "/moved/notes/")).toEqual([]);
    await server.stop("SIGKILL");
  },
  8 * ROUND_TIMEOUT_MS,
);

/** The names of a folder's documents, each of which must contain its name. */
async function readFolder(send: Send, folder: string): Promise<string[]> {
  const { items } = (await (await send(folder)).json()) as { items: Record<string, unknown> };
  for (const name of Object.keys(items)) {
    expect(await (await send(folder + name)).text()).toBe(name);
  }
  return Object.keys(items).sort();
}

interface Progress {
  state: string;
  looked: number;
}

/** A signed-in user who starts tasks on the pages. */
class TaskUser {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(url: string, cookie: string) {
    this.#url = url;
    this.#headers = { Cookie: cookie, Origin: url };
  }

  /** Submits a form that starts a task. Returns the path of its page. */
  async start(form: string, fields: Record<string, string>): Promise<string> {
    const response = await fetch(this.#url + form, {
      method: "POST",
      headers: this.#headers,
      body: new URLSearchParams(fields),
      redirect: "manual",
    });
    expect(response.status).toBe(303);
    return new URL(response.headers.get("location") ?? "", this.#url).pathname;
  }

  async waitUntil(task: string, isReached: (progress: Progress) => boolean): Promise<Progress> {
    for (;;) {
      const response = await fetch(`${this.#url}${task}/progress`, { headers: this.#headers });
      const progress = (await response.json()) as Progress;
      if (isReached(progress) || progress.state !== "running") return progress;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

const connectNewUser = async (url: string, name: string): Promise<Send> =>
  (await connectUser(url, name)).send;

/** Creates a user and connects an app with full access. Returns also the cookie of the session. */
async function connectUser(url: string, name: string): Promise<{ send: Send; cookie: string }> {
  const cookie = await signUp(url, name);
  const { token } = (await allowApp(url, name, cookie))(url);
  const send: Send = (path, init = {}) => {
    const headers = { ...init.headers, Authorization: `Bearer ${token}` };
    return fetch(`${url}/storage/${name}${path}`, { ...init, headers });
  };
  return { send, cookie };
}

interface Row {
  account: string;
  path: string;
  isFolder: number;
  length: number;
  documents: number;
}

/** Folders whose total bytes or documents differ from the sum of their documents. */
function inconsistentFolders(data: string): string[] {
  const rows = readRows(data);
  const documents = rows.filter(({ isFolder }) => !isFolder);
  const sums = new Map<string, { length: number; documents: number }>();
  for (const { account, path, length } of documents) {
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      const folder = `${account} ${path.slice(0, end + 1)}`;
      const sum = sums.get(folder) ?? { length: 0, documents: 0 };
      sums.set(folder, { length: sum.length + length, documents: sum.documents + 1 });
    }
  }
  const inconsistent: string[] = [];
  for (const { account, path, isFolder, length, documents } of rows) {
    if (!isFolder) continue;
    const folder = `${account} ${path}`;
    // The root folder stays even if all documents are deleted.
    const sum = sums.get(folder) ?? (path === "/" ? { length: 0, documents: 0 } : null);
    const isConsistent = sum?.length === length && sum.documents === documents;
    if (!isConsistent)
      inconsistent.push(`${folder} has ${length}/${documents}, not ${JSON.stringify(sum)}`);
    sums.delete(folder);
  }
  return [...inconsistent, ...[...sums.keys()].map((folder) => `${folder} has no row`)];
}

/** Reads a copy: opening the database itself would repair it. */
function readRows(data: string): Row[] {
  const copy = temporaryFolder();
  const [file = ""] = globSync(join(data, "v3/d1/*/*.sqlite")).filter((path) =>
    /[0-9a-f]{64}\.sqlite$/.test(path),
  );
  for (const suffix of ["", "-wal"]) cpSync(file + suffix, join(copy, `index.sqlite${suffix}`));
  const database = new DatabaseSync(join(copy, "index.sqlite"));
  const rows = database
    .prepare(
      `SELECT account, parent || name AS path, type IS NULL AS isFolder, length, documents
       FROM nodes`,
    )
    .all();
  database.close();
  return rows as unknown as Row[];
}
