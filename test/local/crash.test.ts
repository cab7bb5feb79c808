/** Acknowledged writes survive kill -9 under load. */

import { cpSync, globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { type Server, startServer, temporaryFolder } from "./server";
import { signUp } from "./test-user";
import { type Send, WriteLoad } from "./write-load";

/** How often the server is killed and restarted. */
const ROUNDS = Number(process.env.CRASH_ROUNDS || 3);
/** The seed of a failure reproduces it. */
const SEED = Number(process.env.CRASH_SEED || Date.now() % 2 ** 31);

const ROUND_TIMEOUT_MS = 60_000;

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

/** Creates a user and connects an app with full access. */
async function connectNewUser(url: string, name: string): Promise<Send> {
  const signedUp = await signUp(url, name);
  const query = new URLSearchParams({
    redirect_uri: "https://app.example/",
    response_type: "token",
    scope: "*:rw",
  });
  const allowed = await fetch(`${url}/oauth/authorize/${name}?${query}`, {
    method: "POST",
    headers: { Cookie: signedUp.headers.getSetCookie()[0]?.split(";")[0] ?? "" },
    body: new URLSearchParams({ decision: "allow", duration: "always", "level:*": "rw" }),
    redirect: "manual",
  });
  const answer = new URLSearchParams(allowed.headers.get("location")?.split("#")[1]);
  const token = `Bearer ${answer.get("access_token")}`;
  return (path, init = {}) => {
    const headers = { ...init.headers, Authorization: token };
    return fetch(`${url}/storage/${name}${path}`, { ...init, headers });
  };
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
