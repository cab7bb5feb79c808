/** `satchel sync`: both ways, conflicts are kept, and nothing is deleted that somebody has changed. */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { describe, expect, vi } from "vitest";
import { isSuspicious, planSync } from "../../cli/sync/plan.js";
import { jsonLines, runCli, startCli } from "./cli";
import { type Documents, startOldProvider } from "./old-provider";
import { temporaryFolder } from "./server";
import { testWithServer } from "./shared-server";

const test = testWithServer().extend("alice", async ({ createUser }) => {
  const user = await createUser();
  const options = { address: user.address, token: user.token };
  const run = (...args: string[]) => runCli(["--json", ...args], options);
  const put = (path: string, body: string) => user.put(`/notes/${path}`, body);
  const text = async (path: string) => (await user.get(`/notes/${path}`)).text();
  /** Syncs a folder with /notes/. */
  const sync = async (folder: string, ...args: string[]) => {
    const { code, stdout, stderr } = await run("sync", folder, "notes/", ...args);
    const actions = jsonLines(stdout).map(({ path, action, error }) => [path, action ?? error]);
    return { code, actions: Object.fromEntries(actions), stderr };
  };
  const list = async () =>
    jsonLines((await run("ls", "-r", "notes/")).stdout).map(({ path }) => String(path).slice(7));
  return {
    ...options,
    put,
    text,
    sync,
    list,
    delete: (path: string) => run("rm", `notes/${path}`),
  };
});

const write = (folder: string, name: string, text: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
};
const read = (folder: string, name: string): string => readFileSync(join(folder, name), "utf8");
const waitFor = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 60_000 });
const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => !name.startsWith(".satchel"))
    .sort();

describe("sync", () => {
  test("brings both sides to the same, and does nothing when they are", async ({ alice }) => {
    const folder = temporaryFolder();
    write(folder, "mine/a.txt", "1");
    await alice.put("theirs/C%3A", "2");
    expect((await alice.sync(folder)).actions).toEqual({
      "mine/a.txt": "upload",
      "theirs/C:": "download",
    });
    expect(filesOf(folder)).toEqual(["mine/a.txt", "theirs/C=3A"]);
    expect(await alice.text("mine/a.txt")).toBe("1");
    expect(await alice.sync(folder)).toEqual({ code: 0, actions: {}, stderr: "" });
  });

  test("carries changes and deletions over, and keeps deleted files in the trash", async ({
    alice,
  }) => {
    const folder = temporaryFolder();
    for (const name of ["a", "b", "c", "d", "e"]) write(folder, name, "old");
    await alice.sync(folder);
    write(folder, "a", "changed here");
    await alice.put("b", "changed there");
    rmSync(join(folder, "c"));
    await alice.delete("d");
    expect((await alice.sync(folder)).actions).toEqual({
      a: "upload",
      b: "download",
      c: "delete-document",
      d: "delete-file",
    });
    expect(await alice.list()).toEqual(["a", "b", "e"]);
    expect(filesOf(folder)).toEqual(["a", "b", "e"]);
    expect([await alice.text("a"), read(folder, "b")]).toEqual(["changed here", "changed there"]);
    const [day = ""] = readdirSync(join(folder, ".satchel-trash"));
    expect(read(folder, `.satchel-trash/${day}/d`)).toBe("old");
  });

  test("keeps both if both were changed, and none twice if they are equal", async ({ alice }) => {
    const folder = temporaryFolder();
    for (const name of ["a.txt", "same"]) write(folder, name, "old");
    await alice.sync(folder);
    write(folder, "a.txt", "here");
    await alice.put("a.txt", "there");
    write(folder, "same", "new");
    await alice.put("same", "new");
    expect((await alice.sync(folder)).actions).toEqual({ "a.txt": "conflict", same: "equal" });
    const copy = `a (conflict ${new Date().toISOString().slice(0, 10)}).txt`;
    expect(await alice.list()).toEqual([copy, "a.txt", "same"].sort());
    expect([read(folder, "a.txt"), read(folder, copy)]).toEqual(["there", "here"]);
    expect(await alice.text(encodeURIComponent(copy))).toBe("here");
    expect((await alice.sync(folder)).actions).toEqual({});
  });

  test("lets a change win over a deletion", async ({ alice }) => {
    const folder = temporaryFolder();
    for (const name of ["a", "b", "c"]) write(folder, name, "old");
    await alice.sync(folder);
    rmSync(join(folder, "a"));
    await alice.put("a", "changed there");
    write(folder, "b", "changed here");
    await alice.delete("b");
    expect((await alice.sync(folder)).actions).toEqual({ a: "download", b: "upload" });
    expect(read(folder, "a")).toBe("changed there");
    expect(await alice.text("b")).toBe("changed here");
  });

  test("does not delete everything because a folder is empty", async ({ alice }) => {
    const folder = temporaryFolder();
    for (const name of ["a", "b", "c"]) write(folder, name, "text");
    await alice.sync(folder);
    for (const name of ["a", "b", "c"]) rmSync(join(folder, name));
    const refused = await alice.sync(folder);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("--delete-many")]);
    expect(await alice.list()).toEqual(["a", "b", "c"]);
    expect((await alice.sync(folder, "--delete-many")).code).toBe(0);
    expect(await alice.list()).toEqual([]);
  });

  test("does not take what is behind a link for deleted", async ({ alice }) => {
    const folder = temporaryFolder();
    for (const name of ["sub/a", "sub/b", "c", "d", "e"]) write(folder, name, "text");
    await alice.sync(folder);
    renameSync(join(folder, "sub"), join(temporaryFolder(), "sub"));
    symlinkSync("/nowhere", join(folder, "sub"));
    expect(await alice.sync(folder)).toMatchObject({ code: 3, actions: { sub: "link" } });
    expect(await alice.list()).toEqual(["c", "d", "e", "sub/a", "sub/b"]);
  });

  test("does not mix two storages in one folder", async ({ alice }) => {
    const folder = temporaryFolder();
    write(folder, "a", "text");
    await alice.sync(folder);
    const { code, stderr } = await runCli(["sync", folder, "other/"], alice);
    expect([code, stderr]).toEqual([1, expect.stringContaining("use another folder")]);
  });

  test("--dry-run says what would be done, and leaves no trace", async ({ alice }) => {
    const folder = temporaryFolder();
    write(folder, "a", "1");
    await alice.put("b", "2");
    const { actions } = await alice.sync(folder, "--dry-run");
    expect(actions).toEqual({ a: "upload", b: "download" });
    expect([readdirSync(folder), await alice.list()]).toEqual([["a"], ["b"]]);
    expect(existsSync(join(folder, ".satchel-sync.json"))).toBe(false);
    const missing = join(folder, "missing");
    const { stdout } = await runCli(["sync", missing, "notes/", "--dry-run"], alice);
    expect([stdout, existsSync(missing)]).toEqual(["b: would be downloaded\n", false]);
  });
});

describe("sync --watch", () => {
  test("carries changes over at once, both ways, and ends with Ctrl-C", async ({ alice }) => {
    const folder = temporaryFolder();
    await alice.put("sub/a", "1");
    const watcher = startCli(["--json", "sync", "--watch", folder, "notes/"], alice);
    const lines = () => jsonLines(watcher.output.stdout);
    const done = (path: string, action: string) => () =>
      lines().some((line) => line.path === path && line.action === action);
    await waitFor(done("sub/a", "download"));
    await waitFor(() => lines().some(({ watching }) => watching === "live"));
    await alice.put("sub/b", "2");
    await waitFor(done("sub/b", "download"));
    expect(read(folder, "sub/b")).toBe("2");
    write(folder, "sub/c", "3");
    await waitFor(done("sub/c", "upload"));
    expect(await alice.text("sub/c")).toBe("3");
    await alice.delete("sub/a");
    await waitFor(done("sub/a", "delete-file"));
    watcher.child.kill("SIGINT");
    expect(await watcher.ended).toMatchObject({ code: 0, stderr: "" });
    expect((await alice.sync(folder)).actions).toEqual({});
  });

  test("asks a server that does not tell of changes", async () => {
    const folder = temporaryFolder();
    const documents: Documents = {};
    const provider = await startOldProvider(documents);
    const args = ["--json", "sync", "--watch", "--interval", "1", folder];
    const watcher = startCli(args, provider);
    await waitFor(() => watcher.output.stdout.includes('{"watching":"polling"}'));
    documents["/a"] = { type: "text/plain", body: "1", etag: "1" };
    await waitFor(() => watcher.output.stdout.includes('"action":"download"'));
    watcher.child.kill("SIGINT");
    expect((await watcher.ended).code).toBe(0);
    expect(read(folder, "a")).toBe("1");
  });

  test("ends when most of what was there is gone", async ({ alice }) => {
    const folder = temporaryFolder();
    for (const name of ["sub/a", "sub/b"]) write(folder, name, "text");
    const watcher = startCli(["--json", "sync", "--watch", folder, "notes/"], alice);
    await waitFor(() => watcher.output.stdout.includes("live"));
    renameSync(join(folder, "sub"), join(temporaryFolder(), "sub"));
    const { code, stderr } = await watcher.ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining("many-deletions")]);
    expect(await alice.list()).toEqual(["sub/a", "sub/b"]);
  });
});

describe("The plan of a sync", () => {
  const side = fc.option(fc.constantFrom("1", "2", "3"), { nil: undefined });

  test("never loses what only one side has, and ends when it was done", () => {
    fc.assert(
      fc.property(side, side, side, (before, file, document) => {
        const base = new Map(before ? [["p", { digest: before, etag: before }]] : []);
        const map = (value?: string) => new Map(value ? [["p", value]] : []);
        const [action] = planSync(base, map(file), map(document));
        const isChangedFile = file !== undefined && file !== before;
        const isChangedDocument = document !== undefined && document !== before;
        if (isChangedFile && isChangedDocument) expect(action?.kind).toBe("compare");
        else if (isChangedFile) expect(action?.kind).toBe("upload");
        else if (isChangedDocument) expect(action?.kind).toBe("download");
        else if (file === document && file !== undefined) expect(action).toBe(undefined);
        // Only what is unchanged since the last sync is deleted.
        if (action?.kind === "delete-file") expect(file).toBe(before);
        if (action?.kind === "delete-document") expect(document).toBe(before);
      }),
    );
  });

  test("is suspicious if it deletes most of what there is", () => {
    const deletions = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ path: `${i}`, kind: "delete-file" as const }));
    expect(isSuspicious(deletions(1), 1)).toBe(false);
    expect(isSuspicious(deletions(2), 2)).toBe(true);
    expect(isSuspicious(deletions(9), 10)).toBe(false);
    expect(isSuspicious(deletions(11), 20)).toBe(true);
    expect(isSuspicious(deletions(11), 30)).toBe(false);
  });
});
