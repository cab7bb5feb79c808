/** Going back in time: the moment is chosen, previewed, and then a folder becomes what it was. */

import { beforeEach, describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import { createOwner, type Owner } from "../support/owner";
import { encodePath, send } from "../support/provider";
import { activityRows } from "../support/rows";
import { expectUnchanged } from "../support/storage";

let owner: Owner;

beforeEach(async () => {
  owner = await createOwner();
});

/** Sends the form with a moment, which starts the preview. */
const preview = (folder: string, at: number): Promise<Response> =>
  owner.post(`/go-back${encodePath(folder)}`, [["at", String(at)]]);

/** Confirms a preview, and does the task. */
async function confirm(folder: string, at: number) {
  const shown = await owner.finish(await preview(folder, at));
  expect(shown.isPreview).toBe(true);
  return owner.finish(await owner.post(`/tasks/${shown.id}`, [["action", "do"]]));
}

describe("The moment", () => {
  it("can be chosen from times of changes, quick choices, or typed", async () => {
    await owner.store({ "/notes/a": "1", "/photos/b": "1" });
    const html = await (await owner.get("/go-back/notes/")).text();
    const moments = findElements(html, "input").filter(({ name }) => name === "at");
    const values = moments.map(({ value }) => value);
    const minute = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    expect(values.at(-1)).toBe("typed");
    expect(values.slice(0, 3).map(Number)[0]).toBeGreaterThan(Date.now() - 61 * MINUTE_MS);
    expect([String(minute - 1), String(minute - MINUTE_MS - 1)]).toContain(values[3]);
    expect(values).toHaveLength(5);
    expect(findInlineCode(html)).toEqual([]);
    expect(mainText(html)).toContain("In UTC.");
    expect(await owner.read("/go-back/", "de")).toContain("alle deine Dokumente");
  });

  it("that is typed is taken for UTC, unless the script says what it means", async () => {
    await owner.store({ "/notes/a": "1" });
    const noon = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
    const typed: [string, string][] = [
      ["at", "typed"],
      ["typed", new Date(noon).toISOString().slice(0, 16)],
    ];
    const inUtc = await owner.finish(await owner.post("/go-back/notes/", typed));
    expect(inUtc.spec).toMatchObject({ kind: "go-back", at: noon });
    const local = await owner.post("/go-back/notes/", [...typed, ["moment", String(noon - 1)]]);
    expect((await owner.finish(local)).spec).toMatchObject({ at: noon - 1 });
  });

  it("must be in the past, and within the time for which versions are kept", async () => {
    await owner.store({ "/notes/a": "1" });
    const now = Date.now();
    for (const [at, message] of [
      ["", "Choose a moment."],
      ["x", "Choose a moment."],
      ["typed", "Choose a moment."],
      [String(now + DAY_MS), "Choose a moment in the past."],
      [String(now - 31 * DAY_MS), "no longer kept"],
    ] as const) {
      const response = await owner.post("/go-back/notes/", [
        ["at", at],
        ["typed", "2026-99-99T00:00"],
      ]);
      expect([at, response.status]).toEqual([at, 400]);
      expect(mainText(await response.text())).toContain(message);
    }
    expect(await owner.object.listTasks()).toEqual([]);
  });

  it("is chosen by the owner alone", async () => {
    const visit = await send("/go-back/notes/");
    expect([visit.status, visit.headers.get("location")]).toEqual([
      303,
      expect.stringContaining("/sign-in"),
    ]);
    for (const path of ["/go-back/notes", "/go-back/a//b/"]) {
      expect([path, (await owner.get(path)).status]).toEqual([path, 404]);
    }
  });
});

describe("Going back", () => {
  it("shows first what would come back, change and go, and changes nothing", async () => {
    await owner.store({ "/notes/kept": "1", "/notes/changed": "old", "/notes/deleted": "1" });
    const at = Date.now();
    advanceClock(10 * MINUTE_MS);
    await owner.store({ "/notes/changed": "new", "/notes/added": "1" });
    await owner.app.delete("/notes/deleted");
    await expectUnchanged(owner.app, async () => {
      const task = await owner.finish(await preview("/notes/", at));
      expect(task.counts).toMatchObject({ created: 1, replaced: 1, deleted: 1, conflicts: 0 });
      const text = await owner.read(`/tasks/${task.id}`);
      for (const name of ["changed", "added", "deleted"]) expect(text).toContain(`/notes/${name}`);
    });
    expect(await activityRows(owner.user.name)).not.toContainEqual(
      expect.objectContaining({ kind: "task-started" }),
    );
  });

  it("makes a folder what it was, leaves the rest alone, and can be undone as one", async () => {
    await owner.store({ "/notes/changed": "old", "/notes/deleted": "1", "/photos/x": "1" });
    const before = await owner.texts("/notes/");
    const at = Date.now();
    advanceClock(10 * MINUTE_MS);
    await owner.store({ "/notes/changed": "new", "/notes/added": "1", "/photos/x": "2" });
    await owner.app.delete("/notes/deleted");
    const after = await owner.texts("/notes/");
    advanceClock(MINUTE_MS);
    const task = await confirm("/notes/", at);
    expect(task).toMatchObject({ state: "done", counts: { failed: 0, conflicts: 0 } });
    expect(await owner.texts("/notes/")).toEqual(before);
    expect(await owner.texts("/photos/")).toEqual({ "/photos/x": "2" });
    expect((await activityRows(owner.user.name)).at(-1)).toEqual({
      kind: "task-started",
      task: "go-back",
      path: "/notes/",
    });
    await owner.finish(await owner.post(`/tasks/${task.id}`, [["action", "undo"]]));
    expect(await owner.texts("/notes/")).toEqual(after);
  });

  it("works for all documents at once, those outside of modules too", async () => {
    await owner.store({ "/in-root": "old", "/notes/a": "old", "/public/photos/b": "old" });
    const at = Date.now();
    advanceClock(10 * MINUTE_MS);
    await owner.store({ "/in-root": "new", "/notes/a": "new", "/public/photos/b": "new" });
    advanceClock(MINUTE_MS);
    await confirm("/", at);
    expect(await owner.texts()).toEqual({
      "/in-root": "old",
      "/notes/a": "old",
      "/public/photos/b": "old",
    });
  });

  it("keeps what an app writes meanwhile, and lists it as a conflict", async () => {
    await owner.store({ "/notes/a": "old", "/notes/b": "old" });
    const at = Date.now();
    advanceClock(10 * MINUTE_MS);
    await owner.store({ "/notes/a": "new", "/notes/b": "new" });
    advanceClock(MINUTE_MS);
    const shown = await owner.finish(await preview("/notes/", at));
    const started = await owner.post(`/tasks/${shown.id}`, [["action", "do"]]);
    advanceClock(1000);
    await owner.store({ "/notes/a": "by an app" });
    const task = await owner.finish(started);
    expect(task.counts).toMatchObject({ replaced: 1, conflicts: 1 });
    expect(await owner.texts("/notes/")).toEqual({ "/notes/a": "by an app", "/notes/b": "old" });
    expect(await owner.read(`/tasks/${task.id}`)).toContain("/notes/a");
  });

  it("never deletes a document of which the version of then is no longer kept: it says so", async () => {
    await owner.store({ "/notes/a": "0" });
    const at = Date.now();
    advanceClock(10 * MINUTE_MS);
    for (let i = 1; i <= 25; i++) await owner.store({ "/notes/a": `${i}`, "/notes/new": `${i}` });
    advanceClock(DAY_MS);
    await owner.sweep();
    await owner.signIn();
    const task = await confirm("/notes/", at);
    expect(task.counts).toMatchObject({ deleted: 0, replaced: 0, failed: 2 });
    expect(await owner.texts("/notes/")).toEqual({ "/notes/a": "25", "/notes/new": "25" });
    expect(await owner.read(`/tasks/${task.id}`)).toContain("This version is no longer kept.");
  });

  it("leaves a document alone whose namesake of then was deleted for good", async () => {
    await owner.store({ "/notes/a": "first", "/notes/b": "1" });
    const at = Date.now();
    advanceClock(MINUTE_MS);
    await owner.app.delete("/notes/a");
    await owner.finish(await owner.post("/free?what=deleted&path=/notes/", []));
    await owner.store({ "/notes/a": "second", "/notes/c": "1" });
    const task = await confirm("/notes/", at);
    expect(task.counts).toMatchObject({ deleted: 1, replaced: 0, failed: 1 });
    expect(await owner.texts("/notes/")).toEqual({ "/notes/a": "second", "/notes/b": "1" });
    expect(await owner.read(`/tasks/${task.id}`)).toContain("This version is no longer kept.");
  });

  it("to before a document existed deletes it, and it is in the bin then", async () => {
    await owner.store({ "/notes/old": "1" });
    const at = Date.now();
    advanceClock(10 * MINUTE_MS);
    await owner.store({ "/notes/new": "1" });
    advanceClock(MINUTE_MS);
    await confirm("/notes/", at);
    expect(await owner.texts("/notes/")).toEqual({ "/notes/old": "1" });
    expect(await owner.read("/bin/notes/")).toContain("new");
  });
});
