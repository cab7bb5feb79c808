import { randomBytes } from "node:crypto";
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it } from "vitest";
import { fingerprint, run, serve, temporaryFolder } from "./server";
import { connectApp } from "./test-user";

describe("the data folder", () => {
  it.each(["SIGTERM", "SIGKILL"] as const)("keeps everything over %s", async (signal) => {
    const data = temporaryFolder();
    const first = await serve(data);
    const appAt = await connectApp(first.url, "alice");
    const body = randomBytes(100_000).toString("hex");
    expect((await appAt(first.url).put("/notes/one", "hello")).status).toBe(201);
    expect((await appAt(first.url).put("/notes/two", body)).status).toBe(201);
    await first.end(signal);

    const second = await serve(data);
    const one = await appAt(second.url).get("/notes/one");
    expect(await one.text()).toBe("hello");
    expect(await (await appAt(second.url).get("/notes/two")).text()).toBe(body);
    const folder = (await (await appAt(second.url).get("/notes/")).json()) as { items: object };
    expect(Object.keys(folder.items).sort()).toEqual(["one", "two"]);
  });

  it("keeps every write that was acknowledged before a kill in the middle of writes", async () => {
    const data = temporaryFolder();
    const first = await serve(data);
    const appAt = await connectApp(first.url, "alice");
    const acknowledged: string[] = [];
    const writes = Array.from({ length: 60 }, async (_, index) => {
      const path = `/notes/${index}`;
      const response = await appAt(first.url).put(path, path);
      if (response.status === 201) acknowledged.push(path);
      if (acknowledged.length === 20) first.child.kill("SIGKILL");
    });
    await Promise.allSettled(writes);

    const second = await serve(data);
    const kept = await Promise.all(
      acknowledged.map(async (path) => (await appAt(second.url).get(path)).text()),
    );
    expect(acknowledged.length).toBeGreaterThanOrEqual(20);
    expect(kept).toEqual(acknowledged);
  });

  it("and the port are free again at once after kill -9", async () => {
    const data = temporaryFolder();
    const first = await serve(data);
    await first.end("SIGKILL");
    const second = await serve(data, { args: ["--port", first.port] });
    expect(second.port).toBe(first.port);
  });
});

interface Damage {
  what: string;
  file: RegExp;
  damage(file: string): void;
  line: RegExp;
}

const DATABASE = /d1[/\\].*[0-9a-f]{64}\.sqlite$/;

/** Everything into the main file, so that damage to it cannot be made good from the journal. */
function fold(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

const DAMAGES: Damage[] = [
  {
    what: "an index that is garbage",
    file: DATABASE,
    damage: (file) => writeFileSync(file, randomBytes(statSync(file).size)),
    line: /is damaged .*file is not a database.*: restore it/,
  },
  {
    what: "an index that is cut off",
    file: DATABASE,
    damage: (file) => truncateSync(file, statSync(file).size / 2),
    line: /is damaged .*: restore it/,
  },
  {
    what: "an index with a page overwritten",
    file: DATABASE,
    damage(file) {
      const descriptor = openSync(file, "r+");
      writeSync(descriptor, randomBytes(4096), 0, 4096, 4096);
      closeSync(descriptor);
    },
    line: /is damaged .*: restore it/,
  },
  {
    what: "an empty index beside documents",
    file: DATABASE,
    damage: (file) => truncateSync(file, 0),
    line: /is damaged .*the index is missing or empty/,
  },
  {
    what: "a missing index beside documents",
    file: DATABASE,
    damage: (file) => rmSync(file),
    line: /is damaged .*the index is missing or empty/,
  },
  {
    what: "a garbled list of bodies",
    file: /r2[/\\].*[0-9a-f]{64}\.sqlite$/,
    damage: (file) => writeFileSync(file, randomBytes(statSync(file).size)),
    line: /is damaged \(r2.*: restore it/,
  },
  {
    what: "a garbled object of a user",
    file: /do[/\\].*[0-9a-f]{64}\.sqlite$/,
    damage: (file) => writeFileSync(file, randomBytes(4096)),
    line: /is damaged \(do.*: restore it/,
  },
  {
    what: "data of a newer version",
    file: DATABASE,
    damage(file) {
      const database = new DatabaseSync(file);
      database.exec("INSERT INTO d1_migrations (name) VALUES ('9999_future.sql')");
      database.close();
    },
    line: /newer version \(migration 9999_future\.sql\): update this checkout/,
  },
];

/** What a killed server leaves behind, with a document in it. */
async function writtenFolder(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), "satchel-test-"));
  const server = await serve(data);
  const appAt = await connectApp(server.url, "alice");
  expect((await appAt(server.url).put("/notes/one", "hello")).status).toBe(201);
  await server.end("SIGKILL");
  return data;
}

describe("npm start refuses in one line, and changes no byte of", () => {
  let written: Promise<string> | undefined;
  afterAll(async () => rmSync((await written) ?? "", { recursive: true, force: true }));

  it.each(DAMAGES)("$what", async ({ file, damage, line }) => {
    const data = temporaryFolder();
    written ??= writtenFolder();
    cpSync(await written, data, { recursive: true });
    const target = findFile(data, file);
    fold(target);
    damage(target);

    const before = fingerprint(data);
    const { code, stdout, stderr } = await run({ args: ["--port", "0", "--data", data] });
    expect(stderr).toMatch(line);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(fingerprint(data)).toEqual(before);
  });
});

function findFile(folder: string, pattern: RegExp): string {
  const file = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) =>
    pattern.test(name),
  );
  if (!file) throw new Error(`No file matches ${pattern}`);
  return join(folder, file);
}
