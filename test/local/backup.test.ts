/** `npm run backup` and `npm run restore`: everything comes back, also from a backup under load. */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { createBackup } from "../../scripts/backup/create.mjs";
import { restoreBackup } from "../../scripts/backup/restore.mjs";
import { startLocalServer } from "../../scripts/lib/local-server.mjs";
import { collectOutput, type ExitResult, fileDigests, ROOT, temporaryFolder } from "./server";
import { type App, allowApp, connectUser, createSession } from "./test-user";

/** Runs a command. Most tests call what it does: a process of its own takes longer to start than to do it. */
function run(command: "backup" | "restore", ...args: string[]): Promise<ExitResult> {
  return collectOutput(spawn(process.execPath, [join(ROOT, `scripts/${command}.mjs`), ...args]))
    .ended;
}

/** Every row of every database, and the digest of every body, by file. */
function contentsOf(data: string): Record<string, unknown> {
  const databases = globSync("v3/{d1,do,r2}/*/*.sqlite", { cwd: data }).map((path) => {
    // A copy: opening a database can change the files beside it.
    const copy = join(temporaryFolder(), "copy.sqlite");
    for (const suffix of ["", "-wal"]) {
      if (existsSync(join(data, path + suffix))) cpSync(join(data, path + suffix), copy + suffix);
    }
    const database = new DatabaseSync(copy, { readBigInts: true });
    const tables = database
      .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
      .all();
    const rows = tables.map(({ name, sql }) => [
      sql,
      database.prepare(`SELECT * FROM "${name}"`).all(),
    ]);
    database.close();
    return [path, rows];
  });
  const bodies = existsSync(join(data, "v3/r2/satchel-bodies"))
    ? fileDigests(join(data, "v3/r2/satchel-bodies"))
    : {};
  const byName = Object.entries(bodies).map(([path, digest]) => [basename(path), digest]);
  return Object.fromEntries([...databases, ...byName]);
}

/** A data folder with documents of one user, also one that was uploaded in parts. Its server has ended. */
async function createData(): Promise<string> {
  const data = temporaryFolder();
  original ??= createOriginal();
  cpSync(await original, data, { recursive: true });
  return data;
}

let original: Promise<string> | undefined;
afterAll(async () => rmSync((await original) ?? "", { recursive: true, force: true }));

async function createOriginal(): Promise<string> {
  const data = mkdtempSync(join(tmpdir(), "satchel-backup-"));
  const server = await startLocalServer({ data, quiet: true });
  await writeDocuments(await connectUser(server, "alice"), "first");
  await server.dispose();
  return data;
}

async function writeDocuments(app: App, text: string): Promise<void> {
  for (const path of ["/notes/one", "/notes/a/two", "/public/three"]) {
    expect((await app.put(path, `${text} ${path}`)).ok).toBe(true);
  }
}

describe("a backup", () => {
  it("of a server under load has every document that was written before, and is consistent", async () => {
    const data = temporaryFolder();
    const backup = temporaryFolder();
    const server = await startLocalServer({ data, quiet: true });
    const appAt = await allowApp(server.url, "alice", await createSession(server, "alice"));
    const app = appAt(server.url);
    await writeDocuments(app, "before");
    const large = randomBytes(4_000_000).toString("hex");
    expect((await app.put("/notes/large", large)).ok).toBe(true);

    let isLoaded = true;
    const load = [1, 2, 3].map(async (writer) => {
      for (let i = 0; isLoaded; i++) {
        expect(
          (await app.put(`/load/${writer}/${i % 7}`, randomBytes(500).toString("hex"))).ok,
        ).toBe(true);
      }
    });
    expect(await run("backup", backup, "--data", data)).toMatchObject({ code: 0, stderr: "" });
    isLoaded = false;
    await Promise.all(load);
    await server.dispose();
    const restored = temporaryFolder();
    const result = await run("restore", backup, "--data", restored);
    expect(result).toMatchObject({ code: 0, stderr: "" });

    const logged = vi.spyOn(console, "error");
    onTestFinished(() => logged.mockRestore());
    const second = await startLocalServer({ data: restored });
    onTestFinished(() => second.dispose());
    const restoredApp = appAt(second.url);
    for (const path of ["/notes/one", "/notes/a/two", "/public/three"]) {
      expect(await (await restoredApp.get(path)).text()).toBe(`before ${path}`);
    }
    expect(await (await restoredApp.get("/notes/large")).text()).toBe(large);
    for (const folder of ["/load/1/", "/load/2/", "/load/3/"]) {
      const { items = {} } = (await (await restoredApp.get(folder)).json()) as { items?: object };
      for (const name of Object.keys(items)) {
        const response = await restoredApp.get(folder + name);
        expect([response.status, (await response.text()).length]).toEqual([200, 1000]);
      }
    }
    expect((await restoredApp.put("/notes/new", "after")).status).toBe(201);
    expect(logged).not.toHaveBeenCalled();
  });

  it("restores every row and every byte into an empty provider", async () => {
    const data = await createData();
    const [backup, restored] = [temporaryFolder(), temporaryFolder()];
    expect(await createBackup(data, backup)).toMatchObject({ damaged: [] });
    await restoreBackup(backup, restored);
    const contents = contentsOf(data);
    expect(Object.keys(contents).length).toBeGreaterThan(5);
    expect(contentsOf(restored)).toEqual(contents);
  });

  it("copies only what is new, and drops what is no longer needed", async () => {
    const data = await createData();
    const backup = temporaryFolder();
    await createBackup(data, backup);
    const bodies = () => globSync("bodies/*", { cwd: backup });
    const before = bodies();
    expect(await createBackup(data, backup)).toMatchObject({ copied: 0 });
    const server = await startLocalServer({ data, quiet: true });
    await (await connectUser(server, "bob")).put("/notes/new", "12345");
    await server.dispose();
    // What an interrupted backup leaves.
    mkdirSync(join(backup, "databases-1"));
    appendFileSync(join(backup, "bodies/abc.new"), "half");
    expect((await run("backup", backup, "--data", data)).stdout).toContain("of which 5 B are new");
    expect(bodies().length).toBe(before.length + 1);
    expect(globSync("databases-*", { cwd: backup }).length).toBe(1);
    const restored = temporaryFolder();
    await restoreBackup(backup, restored);
    expect(contentsOf(restored)).toEqual(contentsOf(data));
  });

  it("is refused, and the earlier one kept, if a document has lost its body", async () => {
    const data = await createData();
    const backup = temporaryFolder();
    await createBackup(data, backup);
    const [body = ""] = globSync("v3/r2/satchel-bodies/blobs/*", { cwd: data });
    rmSync(join(data, body));
    const other = temporaryFolder();
    const refused = await run("backup", other, "--data", data);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^1 bodies of documents are missing or damaged/);
    expect(existsSync(join(other, "backup.json"))).toBe(false);
    // The earlier backup has the body, so it stays complete.
    await createBackup(data, backup);
  });

  it("keeps the earlier copy of a damaged RxDB database, and leaves out what cannot be copied", async () => {
    const data = await createData();
    const backup = temporaryFolder();
    const module = join("v3/do/satchel-ModuleObject", `${"a".repeat(64)}.sqlite`);
    mkdirSync(join(data, dirname(module)), { recursive: true });
    const database = new DatabaseSync(join(data, module));
    database.exec("CREATE TABLE documents (id); INSERT INTO documents VALUES ('precious')");
    database.close();
    expect(await createBackup(data, backup)).toMatchObject({ damaged: [] });
    const before = contentsOf(data);

    const [user = ""] = globSync("v3/do/satchel-UserObject/[0-9a-f]*.sqlite", { cwd: data });
    writeAt(join(data, module), 4096, "damaged".repeat(500));
    rmSync(join(data, `${user}-wal`), { force: true });
    writeAt(join(data, user), 0, "no database at all");
    const saved = (text: string) =>
      [...text.matchAll(/\(([^)]*)\)$/gm)].map(([, one]) => one).sort();
    const expected = ["left out", "the earlier copy is kept"];
    const { code, stderr } = await run("backup", backup, "--data", data);
    expect([code, saved(stderr)]).toEqual([3, expected]);
    // Each run says it again.
    const { damaged } = await createBackup(data, backup);
    expect(saved(damaged.join("\n"))).toEqual(expected);
    const restored = temporaryFolder();
    await restoreBackup(backup, restored);
    const { [user]: _, ...others } = before;
    expect(contentsOf(restored)).toEqual(others);
  });

  it("of a folder without data is refused", async () => {
    const backup = createBackup(temporaryFolder(), temporaryFolder());
    await expect(backup).rejects.toThrow("nothing to back up");
  });
});

/** Overwrites some of a file. */
function writeAt(file: string, position: number, text: string): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, text, position);
  closeSync(descriptor);
}

describe("a restore", () => {
  it.each([
    ["a body has changed", "bodies/*", "a body is damaged"],
    ["a database has changed", "databases-*/d1/*/*.sqlite", "has changed"],
  ])("is refused if %s", async (_, pattern, message) => {
    const data = await createData();
    const backup = temporaryFolder();
    await createBackup(data, backup);
    const [file = ""] = globSync(pattern, { cwd: backup });
    appendFileSync(join(backup, file), "x");
    const restored = temporaryFolder();
    await expect(restoreBackup(backup, restored)).rejects.toThrow(message);
    expect(existsSync(join(restored, "v3"))).toBe(false);
  });

  it("into a folder that has data is refused, and changes nothing", async () => {
    const data = await createData();
    const backup = temporaryFolder();
    await createBackup(data, backup);
    const before = fileDigests(data);
    await expect(restoreBackup(backup, data)).rejects.toThrow("There are data in");
    expect(fileDigests(data)).toEqual(before);
  });

  it("needs a complete backup", async () => {
    const { code, stderr } = await run("restore", temporaryFolder(), "--data", temporaryFolder());
    expect([code, stderr]).toEqual([1, expect.stringContaining("no complete backup")]);
  });
});

describe("the command lines", () => {
  it.each(["backup", "restore"] as const)("of %s are explained and checked", async (command) => {
    const help = await run(command, "--help");
    expect([help.code, help.stdout]).toEqual([0, expect.stringContaining("--data DIR")]);
    for (const args of [[], ["a", "b"], ["a", "--force"]]) {
      const { code, stdout, stderr } = await run(command, ...args);
      expect({ code, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({
        code: 1,
        stdout: "",
        lines: 1,
      });
    }
  });
});
