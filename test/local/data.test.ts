/** Damage to the data folder is detected. */

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
import { CommandError } from "../../scripts/lib/command.mjs";
import { openDataFolder } from "../../scripts/lib/data-folder.mjs";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { MIGRATIONS } from "../../scripts/lib/worker-config.mjs";
import { fileDigests, temporaryFolder } from "./server";
import { connectUser } from "./test-user";

interface Damage {
  title: string;
  file: RegExp;
  damage(file: string): void;
  /** The expected message. */
  line: RegExp;
}

const DATABASE = /d1[/\\].*[0-9a-f]{64}\.sqlite$/;

/** Moves everything into the main file, so that damage to it cannot be repaired from the WAL. */
function checkpoint(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
}

const DAMAGES: Damage[] = [
  {
    title: "an index overwritten with random bytes",
    file: DATABASE,
    damage: (file) => writeFileSync(file, randomBytes(statSync(file).size)),
    line: /is damaged .*file is not a database.*: restore it/,
  },
  {
    title: "a truncated index",
    file: DATABASE,
    damage: (file) => truncateSync(file, statSync(file).size / 2),
    line: /is damaged .*: restore it/,
  },
  {
    title: "an index with one page overwritten",
    file: DATABASE,
    damage(file) {
      const descriptor = openSync(file, "r+");
      writeSync(descriptor, randomBytes(4096), 0, 4096, 4096);
      closeSync(descriptor);
    },
    line: /is damaged .*: restore it/,
  },
  {
    title: "an empty index although there are documents",
    file: DATABASE,
    damage: (file) => truncateSync(file, 0),
    line: /is damaged .*the index is missing or empty/,
  },
  {
    title: "a missing index although there are documents",
    file: DATABASE,
    damage: (file) => rmSync(file),
    line: /is damaged .*the index is missing or empty/,
  },
  {
    title: "a damaged R2 database",
    file: /r2[/\\].*[0-9a-f]{64}\.sqlite$/,
    damage: (file) => writeFileSync(file, randomBytes(statSync(file).size)),
    line: /is damaged \(r2.*: restore it/,
  },
  {
    title: "a damaged Durable Object of a user",
    file: /do[/\\].*[0-9a-f]{64}\.sqlite$/,
    damage: (file) => writeFileSync(file, randomBytes(4096)),
    line: /is damaged \(do.*: restore it/,
  },
  {
    title: "data of a newer version",
    file: DATABASE,
    damage(file) {
      const database = new DatabaseSync(file);
      database.exec("INSERT INTO d1_migrations (name) VALUES ('9999_future.sql')");
      database.close();
    },
    line: /newer version \(migration 9999_future\.sql\): update this checkout/,
  },
];

/** Creates a data folder as a server leaves it, whose runtime is always killed, with a document in it. */
async function createKilledFolder(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), "satchel-test-"));
  const server = await startLocalServer({ data, quiet: true });
  const app = await connectUser(server, "alice");
  expect((await app.put("/notes/one", "hello")).status).toBe(201);
  await server.dispose();
  return data;
}

// That npm start prints the line, and ends with 1, is in refusals.test.ts.
describe("A server refuses in one line, and changes no byte of", () => {
  let killedFolder: Promise<string> | undefined;
  afterAll(async () => rmSync((await killedFolder) ?? "", { recursive: true, force: true }));

  it.each(DAMAGES)("$title", async ({ file, damage, line }) => {
    const data = temporaryFolder();
    killedFolder ??= createKilledFolder();
    cpSync(await killedFolder, data, { recursive: true });
    const target = findFile(data, file);
    checkpoint(target);
    damage(target);

    const before = fileDigests(data);
    const { message } = refusal(() => openDataFolder(data, MIGRATIONS));
    expect(message).toMatch(line);
    expect(message.split("\n")).toHaveLength(1);
    expect(fileDigests(data)).toEqual(before);
  });
});

function refusal(open: () => unknown): CommandError {
  try {
    open();
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error("The folder is not refused.");
}

function findFile(folder: string, pattern: RegExp): string {
  const file = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((name) =>
    pattern.test(name),
  );
  if (!file) throw new Error(`No file matches ${pattern}`);
  return join(folder, file);
}
