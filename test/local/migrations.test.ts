/** Applying migrations: as wrangler does it, and atomically. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openDataFolder } from "../../scripts/lib/data-folder.mjs";
import { documentFromPath, formatPath, listAncestors } from "../../src/core/path";
import { rowBytes } from "../../src/storage/db/row-bytes";
import { rowKey, rowKeys, shortenedItemsParent } from "../../src/storage/row-keys";
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

/** Applies them as a server does when it starts. */
const migrate = (data: string, migrations: string): void =>
  openDataFolder(data, migrations).release();

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
  // So wrangler continues where a server stopped, too; that it can open its database is in docs.test.ts.
  it("leave the database as wrangler would, and continue where it stopped", () => {
    const one = createMigrationsFolder(TRICKY_SQL);
    const two = createMigrationsFolder(TRICKY_SQL, "CREATE TABLE more (id INTEGER);");
    const [ours, theirs] = [temporaryFolder(), temporaryFolder()];
    migrate(ours, one);
    applyWithWrangler(theirs, one);
    const { times, ...index } = readIndex(ours);
    const { times: _, ...expected } = readIndex(theirs);
    expect(index).toEqual(expected);
    for (const { applied_at } of times) {
      expect(applied_at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    }
    migrate(theirs, two);
    const names = readIndex(theirs).applied.map(({ name }) => name);
    expect(names).toEqual(["0001_step.sql", "0002_step.sql"]);
  });

  it("run once", () => {
    const data = temporaryFolder();
    const migrations = createMigrationsFolder(
      "CREATE TABLE a (id INTEGER); INSERT INTO a VALUES (1);",
    );
    migrate(data, migrations);
    const before = readIndex(data);
    migrate(data, migrations);
    expect(readIndex(data)).toEqual(before);
  });

  it("one that fails is rolled back completely, earlier ones stay applied", () => {
    const data = temporaryFolder();
    const broken = "CREATE TABLE half (id INTEGER); CREATE TABLE a (id INTEGER);";
    const migrations = createMigrationsFolder("CREATE TABLE a (id INTEGER);", broken);
    expect(() => migrate(data, migrations)).toThrow(
      /^The migration 0002_step\.sql failed: .*a already exists/,
    );
    const { schema, applied } = readIndex(data);
    expect(applied.map(({ name }) => name)).toEqual(["0001_step.sql"]);
    expect(schema.map(({ name }) => name)).not.toContain("half");
  });

  it("of a newer version are refused", () => {
    const data = temporaryFolder();
    migrate(data, createMigrationsFolder("CREATE TABLE a (id INTEGER);", "SELECT 1;"));
    const older = createMigrationsFolder("CREATE TABLE a (id INTEGER);");
    expect(() => migrate(data, older)).toThrow(/newer version \(migration 0002_step\.sql\)/);
  });
});

describe("0005_index_bytes.sql", () => {
  const migration = (number: number) => {
    const folder = join(ROOT, "migrations");
    const file = readdirSync(folder).find((name) => name.startsWith(`000${number}_`));
    return readFileSync(join(folder, file ?? ""), "utf8");
  };
  /** Paths whose folders have from one byte to thousands, and names that are shortened once and often. */
  const PATHS = [
    "/notes/one",
    "/notes/two",
    "/public/notes/é/three",
    ...[55, 56, 62, 63, 64, 118, 119, 120, 127, 128, 200].map(
      (bytes) => `/${"a".repeat(bytes)}/${"b".repeat(bytes)}/${"c".repeat(bytes)}/document`,
    ),
    `/deep/${Array.from({ length: 60 }, (_, level) => `level ${level} 🌍`).join("/")}/document`,
    `/deep/${Array.from({ length: 60 }, (_, level) => `level ${level} 🌍`).join("/")}/another`,
    `/${"long".repeat(400)}/${"name".repeat(400)}`,
  ];

  /** The rows of documents of 10 bytes with these paths, as the database had them before. */
  function fillOldIndex(database: DatabaseSync, account: string): void {
    const insert = database.prepare(
      `INSERT INTO nodes (account, parent, name, version, type, length, documents, modified)
       VALUES (?, ?, ?, 'v', ?, 10, 1, 1)
       ON CONFLICT DO UPDATE SET length = length + 10, documents = documents + 1`,
    );
    for (const document of PATHS.map(documentFromPath)) {
      for (const { parent, name } of listAncestors(document))
        insert.run(account, parent, name, null);
      insert.run(account, document.parent, document.name, "text/plain");
    }
  }

  /** The rows of the same documents as they are written today. */
  function expectedRows(account: string) {
    const documents = PATHS.map(documentFromPath);
    const nodes = [...documents.flatMap(listAncestors), ...documents];
    const unique = new Map(nodes.map((node) => [formatPath(node), node]));
    const own = (path: string) => {
      const node = unique.get(path) as (typeof nodes)[number];
      return rowBytes(rowKey(node), node.kind === "document" ? "text/plain" : null);
    };
    return [...unique].map(([path, node]) => {
      const below = [...unique.keys()].filter((other) =>
        node.kind === "folder" ? other.startsWith(path) : other === path,
      );
      const key = rowKeys(node).at(-1);
      return {
        account,
        parent: key?.parent,
        name: key?.name,
        items_parent: node.kind === "folder" ? shortenedItemsParent(rowKey(node)) : null,
        index_bytes: below.reduce((sum, other) => sum + own(other), 0),
      };
    });
  }

  it("shortens the keys of long paths and counts the bytes of the index", () => {
    const database = new DatabaseSync(":memory:");
    for (const number of [1, 2, 3, 4]) database.exec(migration(number));
    for (const account of ["a", "b"]) fillOldIndex(database, account);
    database.exec(migration(5));
    const rows = database
      .prepare("SELECT account, parent, name, items_parent, index_bytes FROM nodes")
      .all()
      .map((row) => ({ ...row }));
    const expected = [...expectedRows("a"), ...expectedRows("b")];
    const byKey = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    expect(rows.sort(byKey)).toEqual(expected.sort(byKey));
    database.close();
  });
});
