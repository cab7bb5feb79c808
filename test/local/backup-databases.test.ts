/** `npm run backup -- DIR --remote` and its restore, with RxDB databases: the Worker is that of a local server. */

import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished, vi } from "vitest";
import { backUpDeployment } from "../../scripts/backup/deployment/create.mjs";
import { restoreDeployment } from "../../scripts/backup/deployment/restore.mjs";
import { indexFile } from "../../scripts/lib/check-databases.mjs";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { addDatabase, type Cloudflare, startCloudflare, withEnvironment } from "./cloudflare";
import { addTransfers, type Transfers } from "./cloudflare-transfers";
import { temporaryFolder } from "./server";
import { type App, connectUser } from "./test-user";

const BACKUP_TOKEN = "a-token-for-backups-of-32-characters";

/** A deployment: the Worker, and what Cloudflare's API has of it. */
interface Deployment {
  server: Awaited<ReturnType<typeof startLocalServer>>;
  cloudflare: Cloudflare;
  transfers: Transfers;
  /** Takes over the index of the Worker. */
  exportIndex(): Promise<void>;
}

async function startDeployment(): Promise<Deployment> {
  const data = temporaryFolder();
  const server = await startLocalServer({ data, vars: { BACKUP_TOKEN }, quiet: true });
  onTestFinished(() => server.dispose());
  const cloudflare = await startCloudflare();
  const transfers = await addTransfers(cloudflare);
  Object.assign(cloudflare.env, { BACKUP_TOKEN });
  const database = addDatabase(cloudflare, "satchel");
  const exportIndex = async () => {
    const copy = join(temporaryFolder(), "index.sqlite");
    const source = new DatabaseSync(indexFile(join(data, "v3")), { readOnly: true });
    await backup(source, copy);
    source.close();
    const sqlite = new DatabaseSync(copy);
    onTestFinished(() => sqlite.close());
    // The platform's own table is not part of an export.
    sqlite.exec("DROP TABLE IF EXISTS _cf_METADATA");
    database.sqlite = sqlite;
  };
  await exportIndex();
  return { server, cloudflare, transfers, exportIndex };
}

/** What a command does. */
function run<T>(
  work: (folder: string, options: { origin: string }) => Promise<T>,
  folder: string,
  { cloudflare }: Deployment,
  origin: string,
  token = BACKUP_TOKEN,
): Promise<T> {
  const env = { ...cloudflare.env, BACKUP_TOKEN: token };
  return withEnvironment(env, () => work(folder, { origin }));
}

const SCHEMA = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: { id: { type: "string", maxLength: 100 }, text: { type: "string", maxLength: 100 } },
  required: ["id"],
  indexes: [["text", "id"]],
  attachments: {},
};

const documentOf = (id: string, fields: object = {}) => ({
  id,
  text: `about ${id}\u2028and more`,
  _rev: "1-a",
  _deleted: false,
  _meta: { lwt: 1 },
  _attachments: {},
  ...fields,
});

/** Sends a request of an app to the databases of its user. */
async function write(url: string, { token }: App, path: string, method: string, body: BodyInit) {
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/databases/alice${path}`, { method, body, headers });
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  return JSON.parse(text) as { upload: string };
}

/** Databases in two modules: many documents, one that is deleted, and attachments of both sizes. */
async function writeDatabases(url: string, app: App): Promise<void> {
  const query = "?database=list&collection=tasks&version=0";
  const schema = JSON.stringify(SCHEMA);
  for (const module of ["todos", "notes"]) {
    await write(url, app, `/${module}/collection${query}`, "PUT", schema);
    const documents = Array.from({ length: 700 }, (_, index) => documentOf(`${module}-${index}`));
    documents.push(documentOf("gone", { _deleted: true, _rev: "2-b" }));
    await write(url, app, `/${module}/documents${query}`, "POST", JSON.stringify({ documents }));
  }
  const { upload } = await write(url, app, "/todos/uploads", "POST", "y".repeat(1_500_000));
  const stub = (text: string, length: number) => ({ digest: `sha-${text}`, length, type: "a/b" });
  const small = { ...stub("small", 2), data: btoa("xx") };
  const _attachments = { small, large: { ...stub("large", 1_500_000), upload } };
  const documents = [documentOf("with", { _attachments })];
  const body = JSON.stringify({ documents, attachments: true });
  await write(url, app, `/todos/documents${query}`, "POST", body);
  // An attachment that never had bytes: its document was written as of a collection without attachments.
  const stubs = [documentOf("stub", { _attachments: { small: stub("none", 2) } })];
  await write(url, app, `/notes/documents${query}`, "POST", JSON.stringify({ documents: stubs }));
}

interface ListedModule {
  module: string;
  collections: { file: string; sha256: string; [name: string]: unknown }[];
}

/** What the files of a backup say about databases, without what a restore gives anew. */
function databasesIn(folder: string): unknown {
  const [list = ""] = globSync("databases-*.jsonl", { cwd: folder });
  const linesOf = (file: string): string[] =>
    readFileSync(join(folder, file), "utf8").trimEnd().split("\n");
  return linesOf(list)
    .map((line) => JSON.parse(line) as ListedModule)
    .sort((a, b) => (a.module < b.module ? -1 : 1))
    .map(({ collections, ...module }) => ({
      ...module,
      collections: collections.map(({ file, sha256, state: _, bytes: __, ...rest }) => {
        const digest = createHash("sha256").update(readFileSync(join(folder, file)));
        expect(digest.digest("hex")).toBe(sha256);
        // A document whose attachment has no bytes is restored after the others.
        return { ...rest, lines: linesOf(file).sort() };
      }),
    }));
}

/** Every row of the index. */
const rowsOf = ({ cloudflare }: Deployment): unknown => {
  const sqlite = cloudflare.databases[0]?.sqlite;
  const names = sqlite?.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").all() ?? [];
  return names.map(({ name, sql }) => [
    sql,
    String(sql).startsWith("CREATE TABLE") && sqlite?.prepare(`SELECT * FROM "${name}"`).all(),
  ]);
};

/** Gives the Worker the accounts of a restored index: its own database is another one than that of the API. */
async function adoptIndex({ server, cloudflare }: Deployment): Promise<void> {
  const database = await server.database();
  for (const table of ["accounts", "rxdb_modules"]) {
    for (const row of cloudflare.databases[0]?.sqlite.prepare(`SELECT * FROM ${table}`).all() ??
      []) {
      const columns = Object.keys(row);
      await database
        .prepare(`INSERT INTO ${table} (${columns}) VALUES (${columns.map(() => "?")})`)
        .bind(...(Object.values(row) as string[]))
        .run();
    }
  }
}

it("A backup of a deployment has its RxDB databases, which are restored before the index", async () => {
  const original = await startDeployment();
  const { url } = original.server;
  const app = await connectUser(original.server, "alice");
  await writeDatabases(url, app);
  await original.exportIndex();
  const folder = temporaryFolder();

  const without = await run(backUpDeployment, folder, original, url, "");
  expect(without).toMatchObject({ collections: 0, skipped: 2 });
  const wrong = run(backUpDeployment, folder, original, url, "wrong");
  await expect(wrong).rejects.toThrow("another BACKUP_TOKEN");
  const first = await run(backUpDeployment, folder, original, url);
  expect(first).toMatchObject({ collections: 2, skipped: 0, unread: [] });
  const files = new Set(globSync("{databases,attachments}/*/*", { cwd: folder }));
  expect(files.size).toBe(4);

  // Only the collection that has changed gets another file.
  const query = "?database=list&collection=tasks&version=0";
  const body = JSON.stringify({ documents: [documentOf("new")] });
  await write(url, app, `/todos/documents${query}`, "POST", body);
  await run(backUpDeployment, folder, original, url);
  const after = globSync("{databases,attachments}/*/*", { cwd: folder });
  expect([after.length, after.filter((file) => !files.has(file)).length]).toEqual([4, 1]);

  // One cannot be read: its earlier copy is kept, and the next backup reads it.
  const newest = JSON.stringify({ documents: [documentOf("newest")] });
  await write(url, app, `/todos/documents${query}`, "POST", newest);
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", (to: string | Request, init?: RequestInit) =>
    String(to).includes("/todos/documents") ? new Response("no JSON") : fetch(to, init),
  );
  const { unread, collections } = await run(backUpDeployment, folder, original, url);
  vi.unstubAllGlobals();
  expect(unread).toEqual([
    "alice: databases/todos/list/tasks-0 (the copy of the earlier backup is kept)",
  ]);
  const kept = globSync("{databases,attachments}/*/*", { cwd: folder }).filter(
    (file) => !file.endsWith(".new"),
  );
  expect([collections, kept.toSorted()]).toEqual([2, after.toSorted()]);

  // Modules that cannot even be listed do not keep the others from being saved, unless the provider is not there at all.
  const down = () => new Response(null, { status: 503, headers: { "Retry-After": "3600" } });
  vi.stubGlobal("fetch", (to: string | Request, init?: RequestInit) => {
    if (String(to).endsWith("/todos")) return down();
    return String(to).endsWith("/notes") ? new Response("{") : fetch(to, init);
  });
  const unlisted = await run(backUpDeployment, folder, original, url);
  expect(unlisted).toMatchObject({ collections: 2, bodies: 0 });
  expect(unlisted.unread.toSorted()).toEqual([
    "alice: databases/notes (the copy of the earlier backup is kept)",
    "alice: databases/todos (the copy of the earlier backup is kept)",
  ]);
  let asked = 0;
  vi.stubGlobal("fetch", (to: string | Request, init?: RequestInit) =>
    String(to).startsWith(url) && ++asked > 1 ? down() : fetch(to, init),
  );
  await expect(run(backUpDeployment, folder, original, url)).rejects.toThrow("/backup: ");
  vi.stubGlobal("fetch", (to: string | Request, init?: RequestInit) =>
    String(to).startsWith(url) ? new Response("[]") : fetch(to, init),
  );
  const broken = run(backUpDeployment, folder, original, url);
  await expect(broken).rejects.toThrow(`${url} does not answer as it should.`);
  vi.unstubAllGlobals();
  expect(await run(backUpDeployment, folder, original, url)).toMatchObject({ unread: [] });
  expect(globSync("{databases,attachments}/*/*", { cwd: folder }).toSorted()).not.toEqual(kept);

  const losing = run(backUpDeployment, folder, original, url, "");
  await expect(losing).rejects.toThrow("would lack");

  const empty = await startDeployment();
  const before = rowsOf(empty);
  const { url: target } = empty.server;
  const withoutToken = run(restoreDeployment, folder, empty, target, "");
  await expect(withoutToken).rejects.toThrow("BACKUP_TOKEN");
  const elsewhere = run(restoreDeployment, folder, empty, url);
  await expect(elsewhere).rejects.toThrow("has accounts");
  // They only ask which tables there are.
  const writes = empty.cloudflare.writes.filter((line) => !line.endsWith("/query"));
  expect([rowsOf(empty), writes]).toEqual([before, []]);

  // Somebody signs up meanwhile, who keeps everything.
  const sqlite = empty.cloudflare.databases[0]?.sqlite;
  const signUp = "INSERT INTO accounts (id, name, created_at) VALUES ('new', 'newcomer', 1)";
  empty.transfers.beforeImport = () => sqlite?.exec(signUp);
  const late = run(restoreDeployment, folder, empty, target);
  await expect(late).rejects.toThrow("signed up meanwhile");
  expect(sqlite?.prepare("SELECT name FROM accounts").all()).toEqual([{ name: "newcomer" }]);
  sqlite?.exec("DELETE FROM accounts");
  expect(rowsOf(empty)).toEqual(before);

  // It ends before the index is there, and is repeated.
  const denial = { request: /\/import$/, status: 500, code: 7500, message: "No import now" };
  empty.cloudflare.denials.push(denial);
  const interrupted = run(restoreDeployment, folder, empty, target);
  await expect(interrupted).rejects.toThrow("No import now");
  expect(rowsOf(empty)).toEqual(before);
  empty.cloudflare.denials.length = 0;
  const restored = await run(restoreDeployment, folder, empty, target);
  expect(restored).toMatchObject({ modules: 2, refused: [] });
  expect(rowsOf(empty)).toEqual(rowsOf(original));
  expect(empty.transfers.objects).toEqual(original.transfers.objects);
  await adoptIndex(empty);
  const copy = temporaryFolder();
  await run(backUpDeployment, copy, empty, target);
  expect(databasesIn(copy)).toEqual(databasesIn(folder));
});
