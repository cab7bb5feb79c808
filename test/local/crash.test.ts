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

/** The users whose apps write. */
const USERS = ["alice", "bob", "carol"];

it(
  "keeps every acknowledged write if it is killed under load, never answers 500, and finishes the move of a folder that it was killed in; undo takes back all of it",
  async () => {
    const data = temporaryFolder();
    let server = await startServer(data);
    const { url, port } = server;
    const users = await Promise.all(USERS.map((name) => connectUser(url, name)));
    const load = new WriteLoad(users.map(({ send }) => send));
    const mover = await createMover(url, "dave");
    for (let round = 0; round < ROUNDS; round++) {
      const context = `CRASH_SEED=${SEED}, round ${round}`;
      let ended: ReturnType<Server["stop"]> | undefined;
      await load.runUntilKilled(SEED + round, async () => {
        await mover.start();
        await waitForDocuments(data, mover.target, 1 + ((SEED + round) % (DOCUMENTS / 2)));
        ended = server.stop("SIGKILL");
      });
      await ended;
      const documents = readRows(data).filter(({ isFolder }) => !isFolder);
      const moved = documents.filter(({ path }) => path.startsWith(mover.target));
      expect(moved.length, `${context}: killed in the task`).toBeLessThan(DOCUMENTS);
      expect(inconsistentFolders(data), context).toEqual([]);
      // The port is free only if the runtime ended with the server.
      server = await startServer(data, { args: ["--port", port] });
      expect(await load.findViolations(), context).toEqual([]);
      await mover.expectFinished(context);
      expect(inconsistentFolders(data), context).toEqual([]);
      expect(server.output.stderr, context).toBe("");
    }
    expect(load.acknowledged).toBeGreaterThan(0);
  },
  ROUNDS * ROUND_TIMEOUT_MS,
);

/** Connects an app with full access. Returns also the cookie of the session. */
async function connectUser(url: string, name: string): Promise<{ send: Send; cookie: string }> {
  const cookie = await signUp(url, name);
  const { token } = (await allowApp(url, name, cookie))(url);
  const send: Send = (path, init = {}) => {
    const headers = { ...init.headers, Authorization: `Bearer ${token}` };
    return fetch(`${url}/storage/${name}${path}`, { ...init, headers });
  };
  return { send, cookie };
}

/** More than are moved in two steps. */
const DOCUMENTS = 120;

/** Where they are at first, and to where they are moved. */
const [SOURCE, TARGET] = ["/work/", "/moved/work/"];

/** Creates a user with a folder, and the documents in it. */
async function createMover(url: string, name: string): Promise<Mover> {
  const { send, cookie } = await connectUser(url, name);
  const names = Array.from({ length: DOCUMENTS }, (_, index) => String(index));
  const headers = { "Content-Type": "text/plain" };
  const put = (name: string) => send(SOURCE + name, { method: "PUT", body: name, headers });
  await Promise.all(names.map(put));
  return new Mover(url, cookie, send, names.toSorted());
}

/** A user who moves a folder, takes that back, and so on. */
class Mover {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #send: Send;
  readonly #names: string[];
  /** The path of the page of the last move, if that was not taken back. */
  #move: string | null = null;
  #task = "";

  constructor(url: string, cookie: string, send: Send, names: string[]) {
    this.#url = url;
    this.#headers = { Cookie: cookie, Origin: url };
    this.#send = send;
    this.#names = names;
  }

  /** Starts to move the folder, or to take that back if it has been moved. */
  async start(): Promise<void> {
    if (this.#move === null) {
      const fields = { action: "move", path: SOURCE, to: "/moved/" };
      this.#task = await this.#submit("/tasks", fields);
      this.#move = this.#task;
    } else {
      this.#task = await this.#submit(this.#move, { action: "undo" });
      this.#move = null;
    }
  }

  /** The folder to which the task moves the documents. */
  get target(): string {
    return this.#move === null ? SOURCE : TARGET;
  }

  /** Waits until the task has ended, and expects the documents to be where it should have put them. */
  async expectFinished(context: string): Promise<void> {
    const progress = await this.#waitUntilEnded();
    expect(progress, context).toMatchObject({ state: "done", looked: DOCUMENTS });
    for (const folder of [SOURCE, TARGET]) {
      const names = folder === this.target ? this.#names : [];
      expect(await this.#readFolder(folder), context).toEqual(names);
    }
  }

  /** Submits a form that starts a task. Returns the path of its page. */
  async #submit(form: string, fields: Record<string, string>): Promise<string> {
    const response = await fetch(this.#url + form, {
      method: "POST",
      headers: this.#headers,
      body: new URLSearchParams(fields),
      redirect: "manual",
    });
    expect(response.status).toBe(303);
    return new URL(response.headers.get("location") ?? "", this.#url).pathname;
  }

  async #waitUntilEnded(): Promise<Progress> {
    for (;;) {
      const response = await fetch(`${this.#url}${this.#task}/progress`, {
        headers: this.#headers,
      });
      const progress = (await response.json()) as Progress;
      if (progress.state !== "running") return progress;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The names of a folder's documents, each of which must contain its name. */
  async #readFolder(folder: string): Promise<string[]> {
    const response = await this.#send(folder);
    const { items } = (await response.json()) as { items: Record<string, unknown> };
    for (const name of Object.keys(items)) {
      expect(await (await this.#send(folder + name)).text()).toBe(name);
    }
    return Object.keys(items).sort();
  }
}

interface Progress {
  state: string;
  looked: number;
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

/** The file of the index. */
function indexFile(data: string): string {
  const files = globSync(join(data, "v3/d1/*/*.sqlite"));
  return files.find((path) => /[0-9a-f]{64}\.sqlite$/.test(path)) ?? "";
}

/**
 * Waits until a folder has so many documents in the index of a running server, whose pages say how far a task has come
 * only when it has ended.
 */
async function waitForDocuments(data: string, folder: string, count: number): Promise<void> {
  const database = new DatabaseSync(indexFile(data), { readOnly: true });
  const select = database.prepare("SELECT count(*) AS count FROM nodes WHERE parent = ?");
  while (Number(select.get(folder)?.count) < count) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  database.close();
}

/** Reads a copy: opening the database itself would repair it. */
function readRows(data: string): Row[] {
  const copy = temporaryFolder();
  const file = indexFile(data);
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
