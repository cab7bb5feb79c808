/** Whatever was acknowledged survives kill -9 in the middle of a storm of writes. */

import { cpSync, globSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { type Server, serve, temporaryFolder } from "./server";
import { signUp } from "./test-user";
import { type Send, Storm } from "./write-load";

/** How often the server is killed. */
const ROUNDS = Number(process.env.CRASH_ROUNDS || 3);
/** Of a failure, to see it again. */
const SEED = Number(process.env.CRASH_SEED || Date.now() % 2 ** 31);

const ROUND_MS = 60_000;

const PEOPLE = ["alice", "bob", "carol"];

it(
  "keeps what it has acknowledged over kill -9 in a storm of writes, and answers nothing with 500",
  async () => {
    const data = temporaryFolder();
    let server = await serve(data);
    const { url, port } = server;
    const storm = new Storm(await Promise.all(PEOPLE.map((name) => connect(url, name))));
    for (let round = 0; round < ROUNDS; round++) {
      const told = `CRASH_SEED=${SEED}, round ${round}`;
      let ended: ReturnType<Server["end"]> | undefined;
      await storm.rage(SEED + round, () => {
        ended = server.end("SIGKILL");
      });
      await ended;
      expect(unsoundFolders(data), told).toEqual([]);
      // On the same port: it is free only if the runtime has died with the server.
      server = await serve(data, { args: ["--port", port] });
      expect(await storm.complaints(), told).toEqual([]);
      expect(server.output.stderr, told).toBe("");
    }
    expect(storm.acknowledged).toBeGreaterThan(0);
  },
  ROUNDS * ROUND_MS,
);

/** Somebody new who lets one app use everything. */
async function connect(url: string, name: string): Promise<Send> {
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
  const answer = new URLSearchParams(new URL(allowed.headers.get("location") ?? "").hash.slice(1));
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

/** Folders in the index of a server that has ended whose bytes or documents do not add up. */
function unsoundFolders(data: string): string[] {
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
  const unsound: string[] = [];
  for (const { account, path, isFolder, length, documents } of rows) {
    if (!isFolder) continue;
    const folder = `${account} ${path}`;
    // The root stays when all is deleted.
    const sum = sums.get(folder) ?? (path === "/" ? { length: 0, documents: 0 } : null);
    const isSound = sum?.length === length && sum.documents === documents;
    if (!isSound) unsound.push(`${folder} has ${length}/${documents}, not ${JSON.stringify(sum)}`);
    sums.delete(folder);
  }
  return [...unsound, ...[...sums.keys()].map((folder) => `${folder} has no row`)];
}

/** From a copy: opening the index would mend what the kill has left. */
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
