/** Tasks: what each kind does, what it leaves alone, and that it can be taken back. */

import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished } from "vitest";
import { MAX_PATH_BYTES } from "../../src/core/path";
import { randomId } from "../../src/core/secrets";
import type { TaskSpec } from "../../src/storage/tasks/task";
import { freezeClock } from "../support/clock";
import { breakCalls } from "../support/fault-injection";
import { createUserWithApp, listBodyKeys, type TestApp } from "../support/provider";
import { setQuota } from "../support/storage";
import {
  finishTask,
  loadBin,
  loadContents,
  loadEntries,
  loadOutcomes,
  loadTask,
  nextMoment,
  runTask,
  startTask,
  writeAll,
} from "../support/tasks";

describe("Deleting", () => {
  it("a document and a folder: all that is below it, and nothing else", async () => {
    const app = await createUserWithApp();
    await writeAll(app, {
      "/notes/a": "1",
      "/notes/b/c": "2",
      "/notes/b/d/e": "3",
      "/notes/bc": "4",
    });
    const task = await runTask(app, { kind: "delete", paths: ["/notes/a", "/notes/b/"] });
    expect(task).toMatchObject({
      state: "done",
      counts: { deleted: 3, conflicts: 0 },
      total: 3,
      looked: 3,
    });
    expect(await loadContents(app)).toEqual({ "/notes/bc": "text/plain 4" });
  });

  it("is taken back by undo, and the undo by another one", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b/c": "2" });
    const before = await loadContents(app);
    const deletion = await runTask(app, { kind: "delete", paths: ["/notes/"] });
    const undo = await runTask(app, { kind: "undo", task: deletion.id });
    expect(undo.counts).toMatchObject({ created: 2, conflicts: 0, failed: 0 });
    expect(await loadContents(app)).toEqual(before);
    expect(await loadTask(app, deletion.id)).toMatchObject({ undoneBy: undo.id });
    await runTask(app, { kind: "undo", task: undo.id });
    expect(await loadContents(app)).toEqual({});
  });

  it("keeps what is written after it was started, and lists it", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "2" });
    await nextMoment();
    const id = await startTask(app, { kind: "delete", paths: ["/notes/", "/notes/c"] });
    await env.USERS.getByName(app.user).controlTask(id, "pause");
    await nextMoment();
    await writeAll(app, { "/notes/a": "changed", "/notes/new": "3" });
    await env.USERS.getByName(app.user).controlTask(id, "resume");
    const task = await finishTask(app, id);
    expect(task.state).toBe("done");
    expect(await loadContents(app)).toMatchObject({
      "/notes/a": "text/plain changed",
      "/notes/new": "text/plain 3",
    });
    expect(await loadOutcomes(app, id)).toContain("/notes/a conflict precondition-failed");
  });

  it("documents with long paths", async () => {
    const app = await createUserWithApp();
    const folder = `/notes/${"long/".repeat(50)}`;
    const name = "😀".repeat(63);
    const path = `${folder}${name}/${"x".repeat(250)}`;
    await writeAll(app, { [encodeURI(path)]: "1", "/notes/a": "2" });
    const task = await runTask(app, { kind: "delete", paths: [folder] });
    expect(task.counts.deleted).toBe(1);
    const undo = await runTask(app, { kind: "undo", task: task.id });
    expect(undo.counts.created).toBe(1);
    expect(Object.keys(await loadContents(app))).toEqual(["/notes/a", path].sort());
  });

  it("leaves an object with very long paths in its log within the platform's limits", async () => {
    const app = await createUserWithApp();
    const longest = (name: string) => {
      const folders = Array.from({ length: 16 }, () => "x".repeat(240)).join("/");
      const path = `/notes/${folders}/`;
      return path + name.padEnd(MAX_PATH_BYTES - path.length, "y");
    };
    const names = Array.from({ length: 120 }, (_, i) => `n${i}-`);
    await Promise.all(names.map((name) => app.put(longest(name), "1")));
    const task = await runTask(app, { kind: "delete", paths: ["/notes/"] });
    expect(task.counts.deleted).toBe(120);
    expect(await loadEntries(app, task.id)).toHaveLength(120);
    expect(await loadBin(app, "notes")).toHaveLength(120);
  });
});

describe("Moving", () => {
  it("gives documents new paths, with their bytes and types, and undo moves them back", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a/1": "one", "/notes/a/b/2": "two", "/notes/c": "three" });
    await app.put("/notes/a/picture", "png", { "Content-Type": "image/png; charset=binary" });
    const before = await loadContents(app);
    const moves = [
      { from: "/notes/a/", to: "/work/z/" },
      { from: "/notes/c", to: "/notes/d" },
    ];
    const task = await runTask(app, { kind: "move", moves });
    expect(task).toMatchObject({ counts: { moved: 4, conflicts: 0, failed: 0 }, entries: 4 });
    expect(await loadContents(app)).toEqual({
      "/notes/d": "text/plain three",
      "/work/z/1": "text/plain one",
      "/work/z/b/2": "text/plain two",
      "/work/z/picture": "image/png; charset=binary png",
    });
    const undo = await runTask(app, { kind: "undo", task: task.id });
    expect(undo.counts).toMatchObject({ moved: 4, conflicts: 0, failed: 0 });
    expect(await loadContents(app)).toEqual(before);
  });

  it("a folder's contents to the folder above it", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/b/x": "1", "/notes/b/b/y": "2" });
    const moves = [{ from: "/notes/b/", to: "/notes/" }];
    await runTask(app, { kind: "move", moves });
    expect(await loadContents(app)).toEqual({
      "/notes/x": "text/plain 1",
      "/notes/b/y": "text/plain 2",
    });
  });

  it("onto a document, or where a folder has the name: the original stays", async () => {
    const app = await createUserWithApp();
    await writeAll(app, {
      "/notes/a": "1",
      "/notes/b": "2",
      "/notes/c/d": "3",
      "/notes/e/f": "4",
      "/notes/g": "5",
    });
    const before = await loadContents(app);
    const moves = [
      { from: "/notes/a", to: "/notes/b" },
      { from: "/notes/b", to: "/notes/c" },
      { from: "/notes/e/", to: "/notes/g/" },
    ];
    const task = await runTask(app, { kind: "move", moves });
    expect(await loadOutcomes(app, task.id)).toEqual([
      "/notes/a conflict taken",
      "/notes/b conflict clash",
      "/notes/e/f conflict clash",
    ]);
    expect(await loadContents(app)).toEqual(before);
    expect(await listBodyKeys(app.user)).toHaveLength(5);
  });

  it("to a path that is too long, or beyond the quota: it fails, and the original stays", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { [`/notes/a/${"x".repeat(200)}`]: "1", "/notes/b": "x".repeat(5000) });
    const before = await loadContents(app);
    await setQuota(app, 6000);
    const to = `/notes/${"y/".repeat(62)}`;
    const moves = [
      { from: "/notes/a/", to: `/notes/${"z".repeat(250)}/`.repeat(16).replaceAll("//", "/") },
      { from: "/notes/b", to: `${to}b` },
    ];
    const task = await runTask(app, { kind: "move", moves });
    expect((await loadOutcomes(app, task.id)).map((text) => text.slice(-25))).toEqual([
      expect.stringContaining("failed path-too-long"),
      expect.stringContaining("failed over-quota"),
    ]);
    expect(await loadContents(app)).toEqual(before);
  });
});

describe("Restoring", () => {
  it("brings back what was deleted: all of a module, a folder or one document", async () => {
    const app = await createUserWithApp();
    await writeAll(app, {
      "/notes/a": "1",
      "/notes/b/c": "2",
      "/public/notes/d": "3",
      "/work/e": "4",
    });
    const before = await loadContents(app);
    const all = { "/notes/a": null, "/notes/b/c": null, "/public/notes/d": null, "/work/e": null };
    await writeAll(app, all);
    await runTask(app, { kind: "restore", module: "notes", paths: ["/notes/b/"] });
    expect(Object.keys(await loadContents(app))).toEqual(["/notes/b/c"]);
    await runTask(app, { kind: "restore", module: "notes", paths: null });
    await runTask(app, { kind: "restore", module: "work", paths: ["/work/e"] });
    expect(await loadContents(app)).toEqual(before);
  });

  it("as it was before the latest deletion, and leaves alone what exists again", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "1" });
    await writeAll(app, { "/notes/a": null, "/notes/b": null });
    await writeAll(app, { "/notes/a": "2", "/notes/b": "2" });
    await writeAll(app, { "/notes/a": null });
    const task = await runTask(app, { kind: "restore", module: "notes", paths: null });
    expect(task.counts).toMatchObject({ created: 1, conflicts: 0, failed: 0 });
    expect(await loadContents(app)).toEqual({
      "/notes/a": "text/plain 2",
      "/notes/b": "text/plain 2",
    });
  });

  it("a version that R2 no longer has: it fails, and says so", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "2" });
    await writeAll(app, { "/notes/a": null, "/notes/b": null });
    const [key = ""] = (await listBodyKeys(app.user)).filter(Boolean);
    await env.BODIES.delete(key);
    const task = await runTask(app, { kind: "restore", module: "notes", paths: null });
    expect(task).toMatchObject({ state: "done", counts: { created: 1, failed: 1 } });
    expect((await loadOutcomes(app, task.id)).join()).toContain("failed not-found");
  });
});

describe("Going back", () => {
  it("brings back, changes and deletes; the rest of the account stays", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "1", "/notes/c": "1", "/work/a": "1" });
    await app.put("/notes/d", "json", { "Content-Type": "application/json" });
    const moment = await nextMoment();
    const before = await loadContents(app);
    await writeAll(app, {
      "/notes/a": "2",
      "/notes/b": null,
      "/notes/d": "text",
      "/notes/new": "3",
    });
    const after = await loadContents(app);
    const spec = { kind: "go-back", folder: "/notes/", at: moment } as const;
    const preview = await runTask(app, spec, true);
    expect(preview.counts).toMatchObject({ created: 1, replaced: 2, deleted: 1 });
    expect(await loadContents(app)).toEqual(after);
    const task = await runTask(app, spec);
    expect(task.counts).toEqual(preview.counts);
    expect(await loadContents(app)).toEqual(before);
    await runTask(app, { kind: "undo", task: task.id });
    expect(await loadContents(app)).toEqual(after);
  });

  it("to a moment between a deletion and the document that followed: it is gone", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "1" });
    const first = await nextMoment();
    await writeAll(app, { "/notes/a": null });
    const between = await nextMoment();
    await writeAll(app, { "/notes/a": "2" });
    const last = await nextMoment();
    const contents = async (at: number) => {
      await runTask(app, { kind: "go-back", folder: "/", at });
      return loadContents(app);
    };
    expect(await contents(between)).toEqual({ "/notes/b": "text/plain 1" });
    expect(await contents(first)).toEqual({
      "/notes/a": "text/plain 1",
      "/notes/b": "text/plain 1",
    });
    expect(await contents(last)).toEqual({
      "/notes/a": "text/plain 2",
      "/notes/b": "text/plain 1",
    });
    expect(await contents(between)).toEqual({ "/notes/b": "text/plain 1" });
  });

  it("to the last of the versions that were written in one millisecond", async () => {
    freezeClock();
    const app = await createUserWithApp();
    for (const content of "12345678") await writeAll(app, { "/notes/a": content });
    await writeAll(app, { "/notes/b": "1" });
    await writeAll(app, { "/notes/b": null });
    const moment = await nextMoment();
    await writeAll(app, { "/notes/a": "later", "/notes/b": "later" });
    await runTask(app, { kind: "go-back", folder: "/", at: moment });
    expect(await loadContents(app)).toEqual({ "/notes/a": "text/plain 8" });
  });

  it("from a document to a folder of its name, and the other way round", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b/c": "2", "/notes/b/d": "3" });
    const moment = await nextMoment();
    const before = await loadContents(app);
    await writeAll(app, { "/notes/a": null, "/notes/b/c": null, "/notes/b/d": null });
    await writeAll(app, { "/notes/a/x": "4", "/notes/a/y": "5", "/notes/b": "6" });
    const after = await loadContents(app);
    const task = await runTask(app, { kind: "go-back", folder: "/notes/", at: moment });
    expect(task.counts).toMatchObject({ conflicts: 0, failed: 0 });
    expect(await loadContents(app)).toEqual(before);
    await runTask(app, { kind: "undo", task: task.id });
    expect(await loadContents(app)).toEqual(after);
  });

  it("keeps what is written, deleted or created meanwhile, and lists it", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "1", "/notes/c": "1" });
    const moment = await nextMoment();
    await writeAll(app, { "/notes/a": "2", "/notes/b": "2", "/notes/c": "2" });
    await nextMoment();
    const id = await startTask(app, { kind: "go-back", folder: "/notes/", at: moment });
    await env.USERS.getByName(app.user).controlTask(id, "pause");
    await nextMoment();
    await writeAll(app, { "/notes/a": "3", "/notes/b": null, "/notes/new": "3" });
    await env.USERS.getByName(app.user).controlTask(id, "resume");
    await finishTask(app, id);
    expect(await loadOutcomes(app, id)).toEqual([
      "/notes/a conflict precondition-failed",
      "/notes/b conflict precondition-failed",
      "/notes/c replaced",
      "/notes/new conflict precondition-failed",
    ]);
    expect(await loadContents(app)).toEqual({
      "/notes/a": "text/plain 3",
      "/notes/c": "text/plain 1",
      "/notes/new": "text/plain 3",
    });
  });
});

describe("Going back with a document that has more versions than are listed together", () => {
  /** More than eight lists of 32, which is how R2 is asked if it does not answer for more. */
  const VERSIONS = 300;

  it("leaves it as it is, says so once, and goes on with the others", async () => {
    const app = await createUserWithApp();
    await writeAll(app, {
      "/notes/a": "1",
      "/notes/b": "1",
      "/notes/many": "1",
      "/notes/still": "1",
    });
    await addVersions(app, ["/notes/many", "/notes/still"]);
    const moment = await nextMoment();
    await writeAll(app, { "/notes/a": "2", "/notes/b": null, "/notes/many": "2" });
    onTestFinished(
      breakCalls(env.BODIES, "list", Array(100).fill("refused"), (options) => !hasLimit(options)),
    );
    const task = await runTask(app, { kind: "go-back", folder: "/", at: moment });
    expect(await loadOutcomes(app, task.id)).toEqual([
      "/notes/a replaced",
      "/notes/b created",
      "/notes/many failed too-many-versions",
    ]);
    expect(await loadContents(app)).toEqual({
      "/notes/a": "text/plain 1",
      "/notes/b": "text/plain 1",
      "/notes/many": "text/plain 2",
      "/notes/still": "text/plain 1",
    });
  });

  const hasLimit = (options: unknown) => (options as R2ListOptions).limit !== undefined;

  /** Stores bodies that may have been these documents. */
  async function addVersions(app: TestApp, paths: string[]): Promise<void> {
    for (const key of await listBodyKeys(app.user)) {
      const { customMetadata = {} } = (await env.BODIES.head(key)) as R2Object;
      if (!paths.includes(customMetadata.path as string)) continue;
      const versions = Array.from({ length: VERSIONS }, () => key.replace(/[^/]*$/, randomId()));
      await Promise.all(
        versions.map((version) => env.BODIES.put(version, "0", { customMetadata })),
      );
    }
  }
});

describe("Deleting for ever", () => {
  it("the earlier versions of documents leaves the documents, and the bin", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "1", "/work/a": "1" });
    await writeAll(app, { "/notes/a": "2", "/work/a": "2", "/notes/b": null });
    const before = await loadContents(app);
    const spec: TaskSpec = { kind: "free", what: "versions", paths: ["/notes/"] };
    expect(await runTask(app, spec, true)).toMatchObject({ counts: { deleted: 1 }, bytes: 1 });
    expect(await listBodyKeys(app.user)).toHaveLength(5);
    expect(await runTask(app, spec)).toMatchObject({ counts: { deleted: 1 }, bytes: 1 });
    expect(await listBodyKeys(app.user)).toHaveLength(4);
    expect(await loadContents(app)).toEqual(before);
    expect((await loadBin(app, "notes")).map(({ path }) => path)).toEqual(["/notes/b"]);
  });

  it("deleted documents empties the bin, and leaves the versions of documents", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/notes/b": "1" });
    await writeAll(app, { "/notes/a": "2", "/notes/b": null });
    await runTask(app, { kind: "free", what: "deleted", paths: ["/notes/"] });
    expect(await listBodyKeys(app.user)).toHaveLength(2);
    expect(await loadBin(app, "notes")).toEqual([]);
    expect(await loadContents(app)).toEqual({ "/notes/a": "text/plain 2" });
  });
});

describe("A task", () => {
  it("that is cancelled leaves what it has done, and undo takes that back", async () => {
    const app = await createUserWithApp();
    await writeAll(
      app,
      Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`/notes/${i}`, `${i}`])),
    );
    const before = await loadContents(app);
    const id = await startTask(app, { kind: "delete", paths: ["/notes/"] });
    await env.USERS.getByName(app.user).controlTask(id, "cancel");
    expect(await finishTask(app, id)).toMatchObject({ state: "cancelled" });
    await runTask(app, { kind: "undo", task: id });
    expect(await loadContents(app)).toEqual(before);
  });

  it("waits for those before it; one that is paused does not hold up the next one", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1", "/work/a": "1" });
    const paused = await startTask(app, { kind: "delete", paths: ["/notes/"] });
    const user = env.USERS.getByName(app.user);
    await user.controlTask(paused, "pause");
    await runTask(app, { kind: "delete", paths: ["/work/"] });
    expect(Object.keys(await loadContents(app))).toEqual(["/notes/a"]);
    await user.controlTask(paused, "resume");
    await finishTask(app, paused);
    expect(await loadContents(app)).toEqual({});
  });

  it("of a preview cannot be undone into changes", async () => {
    const app = await createUserWithApp();
    await writeAll(app, { "/notes/a": "1" });
    const preview = await runTask(app, { kind: "delete", paths: ["/notes/"] }, true);
    expect(preview.counts.deleted).toBe(1);
    const undo = await runTask(app, { kind: "undo", task: preview.id });
    expect(undo).toMatchObject({ entries: 0 });
    expect(await loadContents(app)).toEqual({ "/notes/a": "text/plain 1" });
  });
});
