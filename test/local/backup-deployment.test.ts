/** `npm run backup -- DIR --remote` and `npm run restore`, against a stand-in for Cloudflare. */

import { spawn } from "node:child_process";
import { appendFileSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { backUpDeployment } from "../../scripts/backup/deployment/create.mjs";
import { restoreDeployment } from "../../scripts/backup/deployment/restore.mjs";
import { splitStatements } from "../../scripts/backup/deployment/statements.mjs";
import { restoreBackup } from "../../scripts/backup/restore.mjs";
import { addDatabase, type Cloudflare, startCloudflare, withEnvironment } from "./cloudflare";
import { addTransfers, type Transfers } from "./cloudflare-transfers";
import { collectOutput, type ExitResult, fileDigests, ROOT, temporaryFolder } from "./server";

interface StandIn {
  cloudflare: Cloudflare;
  transfers: Transfers;
  /** Of the Worker, if there is one. */
  origin?: string;
}

async function startStandIn(): Promise<StandIn> {
  const cloudflare = await startCloudflare();
  return { cloudflare, transfers: await addTransfers(cloudflare) };
}

/** Runs a command. Most tests call what it does. */
function run(
  command: "backup" | "restore",
  folder: string,
  { cloudflare, origin }: StandIn,
  env: Record<string, string> = {},
): Promise<ExitResult> {
  const named = origin === undefined ? [] : ["--origin", origin];
  const args = [join(ROOT, `scripts/${command}.mjs`), folder, "--remote", ...named];
  const options = { env: { ...process.env, ...cloudflare.env, ...env } };
  return collectOutput(spawn(process.execPath, args, options)).ended;
}

/** A document in the index, and its body in the bucket. */
function addDocument({ cloudflare, transfers }: StandIn, name: string, text: string): string {
  // Keys and metadata are ASCII; names are not.
  const encoded = encodeURIComponent(name);
  const version = `version-of-${encoded}`;
  cloudflare.databases[0]?.sqlite
    .prepare("INSERT INTO nodes VALUES ('a', '/notes/', ?, ?, 'text/plain', ?, 1, 1, NULL, 0)")
    .run(name, version, text.length);
  const key = `a/document-of-${encoded}/${version}`;
  const metadata = { path: `/notes/${encoded}`, type: "text/plain", grant: "" };
  transfers.objects.set(key, { body: Buffer.from(text), metadata });
  return key;
}

/** A provider with an account, some documents, and a body that is an earlier version. */
async function startProvider(): Promise<StandIn> {
  const provider = await startStandIn();
  const { sqlite } = addDatabase(provider.cloudflare, "satchel");
  sqlite.exec(readFileSync(join(ROOT, "schema.sql"), "utf8"));
  sqlite.exec("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT)");
  sqlite.exec("INSERT INTO accounts (id, name, created_at) VALUES ('a', 'o''hara', 1)");
  for (const name of ["one", "two", "it's; three\n"])
    addDocument(provider, name, `text of ${name}`);
  const earlier = { body: Buffer.from("earlier"), metadata: { path: "/notes/one", replaces: "" } };
  provider.transfers.objects.set("a/document-of-one/earlier", earlier);
  return provider;
}

/** Every object of the schema with every row, and every object of the bucket. */
function contentsOf({ cloudflare, transfers }: StandIn): unknown {
  const [database] = cloudflare.databases;
  const tables = database?.sqlite
    .prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name",
    )
    .all();
  const rows = tables?.map(({ type, name }) =>
    type === "table" ? database?.sqlite.prepare(`SELECT * FROM "${name}"`).all() : [],
  );
  return { tables, rows, objects: new Map([...transfers.objects].sort()) };
}

const origins = ({ origin }: StandIn) => (origin === undefined ? {} : { origin });

/** Backs up. Returns the folder. */
async function backUp(
  provider: StandIn,
  folder = temporaryFolder(),
  env: Record<string, string> = {},
): Promise<string> {
  const { skipped, unread } = await withEnvironment({ ...provider.cloudflare.env, ...env }, () =>
    backUpDeployment(folder, origins(provider)),
  );
  expect({ skipped, unread }).toEqual({ skipped: 0, unread: [] });
  return folder;
}

const restore = (folder: string, provider: StandIn) =>
  withEnvironment(provider.cloudflare.env, () => restoreDeployment(folder, origins(provider)));

describe("An exported index", () => {
  async function split(chunks: string[]): Promise<string[]> {
    const statements: string[] = [];
    for await (const statement of splitStatements(chunks)) statements.push(statement);
    return statements;
  }

  it("is read statement by statement, wherever its chunks end", async () => {
    const statements = [
      "PRAGMA defer_foreign_keys=TRUE;",
      "CREATE TABLE \"a;b\" (x TEXT, -- it's; a comment\n y TEXT /* and; one's */ DEFAULT ';');",
      "\nINSERT INTO \"a;b\" VALUES('it''s;\n-- no comment', '/*;');",
      "\nCREATE TRIGGER t AFTER INSERT ON `a;b` BEGIN DELETE FROM [a;b]; SELECT CASE 1 WHEN 1 THEN 2 END; END;",
      "\nDELETE FROM x WHERE y = 1-1/1;",
    ];
    const text = statements.join("");
    for (let size = 1; size <= text.length; size++) {
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
      expect(await split(chunks)).toEqual(statements);
    }
    expect(await split(["SELECT 1; SELECT 'half"])).toEqual(["SELECT 1;", " SELECT 'half"]);
    expect(await split([" \n"])).toEqual([]);
  });
});

describe("A backup of a deployment", () => {
  it("is restored into an empty account, with everything as it was", async () => {
    const provider = await startProvider();
    const folder = temporaryFolder();
    expect(await run("backup", folder, provider)).toMatchObject({ code: 0, stderr: "" });
    const empty = await startStandIn();
    const restored = await run("restore", folder, empty);
    expect(restored).toMatchObject({ code: 0, stderr: "" });
    expect(restored.stdout).toContain("npm run deploy");
    expect(contentsOf(empty)).toEqual(contentsOf(provider));
    expect([empty.cloudflare.unknown, provider.cloudflare.unknown]).toEqual([[], []]);
    // It is not empty any more.
    await expect(restore(folder, empty)).rejects.toThrow("has accounts already");
  });

  it("copies only what is new, and forgets what is gone", async () => {
    const provider = await startProvider();
    const folder = await backUp(provider);
    const known = [...provider.transfers.sent];
    expect(known.length).toBe(4);
    const added = addDocument(provider, "four", "new");
    provider.transfers.objects.delete("a/document-of-one/earlier");
    await backUp(provider, folder);
    expect(provider.transfers.sent.slice(known.length)).toEqual([added]);
    const empty = await startStandIn();
    await restore(folder, empty);
    expect(contentsOf(empty)).toEqual(contentsOf(provider));
  });

  it("stays as it was if another one fails, which the next one continues", async () => {
    const provider = await startProvider();
    const folder = await backUp(provider);
    const before = fileDigests(folder);
    const added = addDocument(provider, "four", "new");
    provider.transfers.cut = added;
    await expect(backUp(provider, folder)).rejects.toThrow();
    expect(fileDigests(folder)).toMatchObject(before);
    await backUp(provider, folder);
    provider.transfers.objects.delete(added);
    const incomplete = backUp(provider, folder);
    await expect(incomplete).rejects.toThrow("1 bodies of documents are missing");
    const empty = await startStandIn();
    await restore(folder, empty);
    expect([...empty.transfers.objects.keys()]).toContain(added);
  });

  it("without the RxDB databases that there are says so with an exit code of its own", async () => {
    const provider = await startProvider();
    provider.cloudflare.databases[0]?.sqlite.exec(
      "INSERT INTO rxdb_modules VALUES ('a', 'todos', 9)",
    );
    const folder = temporaryFolder();
    const { code, stderr } = await run("backup", folder, provider, { BACKUP_TOKEN: "" });
    expect([code, stderr]).toEqual([3, expect.stringContaining("BACKUP_TOKEN")]);
    const empty = await startStandIn();
    await restore(folder, empty);
    expect(contentsOf(empty)).toEqual(contentsOf(provider));
  });

  it("that is damaged restores nothing", async () => {
    const folder = await backUp(await startProvider());
    const [body = ""] = globSync("bodies/*/*", { cwd: folder }).filter(
      (path) => !path.endsWith(".json"),
    );
    appendFileSync(join(folder, body), "x");
    const empty = await startStandIn();
    const before = contentsOf(empty);
    await expect(restore(folder, empty)).rejects.toThrow("a body has changed");
    expect([contentsOf(empty), empty.cloudflare.writes]).toEqual([before, []]);
  });

  it("says which key R2 needs, and which kind of backup a folder has", async () => {
    const provider = await startProvider();
    for (const AWS_ACCESS_KEY_ID of ["", "another"]) {
      const refused = backUp(provider, temporaryFolder(), { AWS_ACCESS_KEY_ID });
      await expect(refused).rejects.toThrow("AWS_ACCESS_KEY_ID");
    }
    const folder = await backUp(provider);
    await expect(restoreBackup(folder, temporaryFolder())).rejects.toThrow("with --remote");
  });
});
