/** Applying migrations: as wrangler does it, and atomically. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { ROOT, temporaryFolder } from "./server";

/** SQL that is hard to split into statements. */
const TRICKY_SQL = `-- A comment; with a semicolon, and 'half a string
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT DEFAULT 'a;b -- c');
/* Another; one */
CREATE TRIGGER stamp AFTER INSERT ON notes BEGIN
  UPDATE notes SET text = text || ';' WHERE id = new.id;
  INSERT INTO log (line) VALUES ('BEGIN;');
END;
CREATE TABLE log (line TEXT);
INSERT INTO notes DEFAULT VALUES; -- the end`;

/** Creates a folder with these migrations, in this order. */
function createMigrationsFolder(...migrations: string[]): string {
  const folder = temporaryFolder();
  migrations.forEach((sql, index) => {
    writeFileSync(join(folder, `000${index + 1}_step.sql`), sql);
  });
  return folder;
}

async function startAndStop(data: string, migrations: string): Promise<void> {
  const { dispose } = await startLocalServer({ data, migrations, quiet: true });
  await dispose();
}

/** The schema and the applied migrations, read from the database file. */
function readIndex(data: string) {
  const folder = join(data, "v3/d1/miniflare-D1DatabaseObject");
  const file = readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  const database = new DatabaseSync(join(folder, file ?? ""));
  const all = (sql: string) => database.prepare(sql).all();
  const index = {
    schema: all("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name <> '_cf_METADATA'"),
    applied: all("SELECT id, name FROM d1_migrations ORDER BY id"),
    times: all("SELECT applied_at FROM d1_migrations"),
  };
  database.close();
  return index;
}

/** Runs `wrangler d1 migrations apply` on the same data. */
function applyWithWrangler(data: string, migrations: string): void {
  const project = temporaryFolder();
  cpSync(join(ROOT, "wrangler.toml"), join(project, "wrangler.toml"));
  cpSync(migrations, join(project, "migrations"), { recursive: true });
  mkdirSync(join(project, "src"));
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const args = ["d1", "migrations", "apply", "DB", "--local", "--persist-to", data];
  const { status, stderr } = spawnSync(process.execPath, [wrangler, ...args], {
    cwd: project,
    encoding: "utf8",
    env: {
      ...process.env,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_HIDE_BANNER: "true",
    },
  });
  expect({ status, stderr }).toMatchObject({ status: 0 });
}

describe("migrations", () => {
  it("leave the database as wrangler would, including its record of migrations", async () => {
    const migrations = createMigrationsFolder(TRICKY_SQL, "CREATE TABLE more (id INTEGER);");
    const [ours, theirs] = [temporaryFolder(), temporaryFolder()];
    await startAndStop(ours, migrations);
    applyWithWrangler(theirs, migrations);
    const { times, ...index } = readIndex(ours);
    const { times: _, ...expected } = readIndex(theirs);
    expect(index).toEqual(expected);
    for (const { applied_at } of times) {
      expect(applied_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    }
  });

  it("continue where wrangler stopped, and the other way round", async () => {
    const one = createMigrationsFolder("CREATE TABLE a (id INTEGER);");
    const two = createMigrationsFolder(
      "CREATE TABLE a (id INTEGER);",
      "CREATE TABLE b (id INTEGER);",
    );
    const names = ["0001_step.sql", "0002_step.sql"];
    const [ours, theirs] = [temporaryFolder(), temporaryFolder()];
    await startAndStop(ours, one);
    applyWithWrangler(ours, two);
    applyWithWrangler(theirs, one);
    await startAndStop(theirs, two);
    expect(readIndex(ours).applied.map(({ name }) => name)).toEqual(names);
    expect(readIndex(theirs).applied.map(({ name }) => name)).toEqual(names);
  });

  it("run once", async () => {
    const data = temporaryFolder();
    const migrations = createMigrationsFolder(
      "CREATE TABLE a (id INTEGER); INSERT INTO a VALUES (1);",
    );
    await startAndStop(data, migrations);
    const before = readIndex(data);
    await startAndStop(data, migrations);
    expect(readIndex(data)).toEqual(before);
  });

  it("one that fails is rolled back completely, earlier ones stay applied", async () => {
    const data = temporaryFolder();
    const broken = "CREATE TABLE half (id INTEGER); CREATE TABLE a (id INTEGER);";
    const migrations = createMigrationsFolder("CREATE TABLE a (id INTEGER);", broken);
    await expect(startLocalServer({ data, migrations, quiet: true })).rejects.toThrow(
      /^The migration 0002_step\.sql failed: .*a already exists/,
    );
    const { schema, applied } = readIndex(data);
    expect(applied.map(({ name }) => name)).toEqual(["0001_step.sql"]);
    expect(schema.map(({ name }) => name)).not.toContain("half");
  });

  it("of a newer version are refused", async () => {
    const data = temporaryFolder();
    await startAndStop(data, createMigrationsFolder("CREATE TABLE a (id INTEGER);", "SELECT 1;"));
    const older = startLocalServer({
      data,
      migrations: createMigrationsFolder("CREATE TABLE a (id INTEGER);"),
      quiet: true,
    });
    await expect(older).rejects.toThrow(/newer version \(migration 0002_step\.sql\)/);
  });
});
