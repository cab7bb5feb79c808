/** The bin: deleted documents of each module, restored or deleted for good. */

import { beforeEach, describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import { createOwner, type Owner } from "../support/owner";
import { APP_ORIGIN, encodePath, listBodyKeys, send } from "../support/provider";
import { activityRows, allRows } from "../support/rows";
import { etagVersion, expectUnchanged } from "../support/storage";

let owner: Owner;

beforeEach(async () => {
  owner = await createOwner();
});

/** Stores documents and deletes them again. */
async function storeAndDelete(...paths: string[]): Promise<void> {
  await owner.store(Object.fromEntries(paths.map((path) => [path, path])));
  for (const path of paths) expect((await owner.app.delete(encodePath(path))).status).toBe(200);
}

/** The documents that a page of the bin lists, by the links to their versions. */
async function listed(page: string): Promise<string[]> {
  const html = await (await owner.get(page)).text();
  return findElements(html, "a").flatMap(({ href = "" }) =>
    href.startsWith("/versions/") ? [decodeURIComponent(href.slice("/versions".length))] : [],
  );
}

/** The values of the checkboxes of a page, by the path that they are labelled with. */
async function checkboxes(page: string): Promise<Record<string, string>> {
  const html = await (await owner.get(page)).text();
  return Object.fromEntries(
    findElements(html, "input")
      .filter(({ type }) => type === "checkbox")
      .map(({ value = "", "aria-label": label = "" }) => [label.replace("Select ", ""), value]),
  );
}

const restoreSelected = async (page: string, paths: string[]): Promise<Response> => {
  const values = await checkboxes(page);
  return owner.post(page, [
    ["restore", "selected"],
    ...paths.map((path): [string, string] => ["version", values[path] ?? "none"]),
  ]);
};

const restoreAll = (page: string): Promise<Response> => owner.post(page, [["restore", "all"]]);

describe("The bin", () => {
  it("lists the modules with deleted documents, and what was in none", async () => {
    expect(await owner.read("/bin")).toContain("The bin is empty.");
    await storeAndDelete("/notes/a", "/public/photos/b", "/in-root");
    const html = await (await owner.get("/bin")).text();
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(expect.arrayContaining(["/bin/notes/", "/bin/photos/", "/bin/%2F/"]));
    expect(await owner.read("/bin")).toContain("Outside modules");
    expect(await listed("/bin/photos/")).toEqual(["/public/photos/b"]);
    expect(await listed("/bin/%2F/")).toEqual(["/in-root"]);
  });

  it("lists what was deleted, when and by whom, the latest first", async () => {
    await storeAndDelete("/notes/a", "/notes/trips/b");
    expect(await listed("/bin/notes/")).toEqual(["/notes/trips/b", "/notes/a"]);
    expect(await owner.read("/bin/notes/")).toMatch(
      new RegExp(`a /notes/ · 8 bytes · deleted .* by ${APP_ORIGIN}`),
    );
    expect(await owner.read("/bin/notes/", "de")).toMatch(/gelöscht: .*, von https/);
  });

  it("shows a deletion by the user as such", async () => {
    await owner.store({ "/notes/a": "1" });
    await owner.finish(
      await owner.post("/tasks", [
        ["action", "delete"],
        ["path", "/notes/a"],
      ]),
    );
    expect(await owner.read("/bin/notes/")).toContain("by you, on these pages");
  });

  it("leaves out what exists again", async () => {
    await storeAndDelete("/notes/a", "/notes/b");
    await owner.store({ "/notes/a": "again" });
    expect(await listed("/bin/notes/")).toEqual(["/notes/b"]);
    await owner.store({ "/notes/b": "again" });
    expect(await owner.read("/bin/notes/")).toContain("No document that was deleted here");
    expect(await owner.read("/bin")).toContain("The bin is empty.");
  });

  it("lists a document once, with its latest deletion", async () => {
    await storeAndDelete("/notes/a");
    await owner.store({ "/notes/a": "second" });
    await owner.app.delete("/notes/a");
    expect(await listed("/bin/notes/")).toEqual(["/notes/a"]);
    await owner.finish(await restoreAll("/bin/notes/"));
    expect(await owner.texts("/notes/")).toEqual({ "/notes/a": "second" });
  });

  it("says that a document was deleted before a time, where only the sweep has noticed it", async () => {
    await storeAndDelete("/notes/a");
    await owner.loseJournal();
    expect(await listed("/bin/notes/")).toEqual([]);
    advanceClock(DAY_MS + MINUTE_MS);
    await owner.sweep();
    expect(await owner.read("/bin/notes/")).toContain("deleted before");
    await owner.finish(await restoreAll("/bin/notes/"));
    expect(await owner.texts("/notes/")).toEqual({ "/notes/a": "/notes/a" });
  });

  it("is empty once the versions have expired", async () => {
    await storeAndDelete("/notes/a");
    advanceClock(DAY_MS + MINUTE_MS);
    await owner.sweep();
    expect(await listed("/bin/notes/")).toEqual(["/notes/a"]);
    advanceClock(40 * DAY_MS);
    await owner.sweep();
    await owner.signIn();
    expect(await listBodyKeys(owner.user.name)).toEqual([]);
    expect(await listed("/bin/notes/")).toEqual([]);
    expect(await owner.read("/bin")).toContain("The bin is empty.");
  });

  it("is in pages, without a gap", async () => {
    const paths = Array.from({ length: 52 }, (_, i) => `/notes/${String(i).padStart(2, "0")}`);
    await storeAndDelete(...paths);
    const html = await (await owner.get("/bin/notes/")).text();
    const next = findElements(html, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    const all = [...(await listed("/bin/notes/")), ...(await listed(next))];
    expect(all).toEqual(paths.toReversed());
    await owner.finish(await restoreSelected(next, ["/notes/01"]));
    expect(Object.keys(await owner.texts("/notes/"))).toEqual(["/notes/01"]);
  });

  it("belongs to its user: others see nothing of it, and restore nothing", async () => {
    await storeAndDelete("/notes/secret");
    const other = await createOwner();
    for (const page of ["/bin", "/bin/notes/"]) {
      expect(await other.read(page)).not.toContain("secret");
      const visit = await send(page);
      expect([visit.status, visit.headers.get("location")]).toEqual([
        303,
        expect.stringContaining("/sign-in"),
      ]);
    }
    const before = await allRows();
    const visit = await send("/bin/notes/", {
      method: "POST",
      body: new URLSearchParams({ restore: "all" }),
      headers: { Origin: "https://satchel.example" },
    });
    expect(visit.headers.get("location")).toContain("/sign-in");
    expect(await allRows()).toEqual(before);
  });
});

describe("Restoring from the bin", () => {
  it("brings back what was selected, byte for byte with its type, and nothing else", async () => {
    await owner.app.put("/notes/a", "text", { "Content-Type": "text/markdown" });
    await owner.app.delete("/notes/a");
    await storeAndDelete("/notes/b", "/notes/c");
    const task = await owner.finish(await restoreSelected("/bin/notes/", ["/notes/a", "/notes/c"]));
    expect(task).toMatchObject({ state: "done", counts: { created: 2, failed: 0, conflicts: 0 } });
    expect(await owner.texts("/notes/")).toEqual({ "/notes/a": "text", "/notes/c": "/notes/c" });
    expect((await owner.app.head("/notes/a")).headers.get("content-type")).toBe("text/markdown");
    expect(await listed("/bin/notes/")).toEqual(["/notes/b"]);
    expect((await activityRows(owner.user.name)).at(-1)).toMatchObject({
      kind: "task-started",
      task: "restore",
    });
  });

  it("brings back a folder, or the whole module", async () => {
    await storeAndDelete("/notes/trips/1", "/notes/trips/deep/2", "/notes/3", "/public/notes/4");
    const folder = "/bin/notes/?folder=%2Fnotes%2Ftrips%2F";
    expect(await listed(folder)).toEqual(["/notes/trips/deep/2", "/notes/trips/1"]);
    await owner.finish(await restoreAll(folder));
    expect(Object.keys(await owner.texts())).toEqual(["/notes/trips/1", "/notes/trips/deep/2"]);
    await owner.finish(await restoreAll("/bin/notes/"));
    expect(Object.keys(await owner.texts()).sort()).toEqual([
      "/notes/3",
      "/notes/trips/1",
      "/notes/trips/deep/2",
      "/public/notes/4",
    ]);
  });

  it("brings back what was outside of modules", async () => {
    await storeAndDelete("/in-root", "/notes/a");
    await owner.finish(await restoreAll("/bin/%2F/"));
    expect(await owner.texts()).toEqual({ "/in-root": "/in-root" });
  });

  it("never overwrites what an app has stored meanwhile", async () => {
    await storeAndDelete("/notes/a");
    const page = "/bin/notes/";
    const values = await checkboxes(page);
    await owner.store({ "/notes/a": "by an app" });
    await expectUnchanged(owner.app, async () => {
      const selected: [string, string][] = [
        ["restore", "selected"],
        ["version", values["/notes/a"] as string],
      ];
      expect((await owner.post(page, selected)).status).toBe(400);
      await owner.finish(await restoreAll(page));
    });
  });

  it("of nothing is refused", async () => {
    await storeAndDelete("/notes/a");
    await expectUnchanged(owner.app, async () => {
      const response = await owner.post("/bin/notes/", [["restore", "selected"]]);
      expect(response.status).toBe(400);
      expect(mainText(await response.text())).toContain("Select the documents to restore.");
    });
    expect(await owner.object.listTasks()).toEqual([]);
  });

  it("can be undone", async () => {
    await storeAndDelete("/notes/a");
    const task = await owner.finish(await restoreAll("/bin/notes/"));
    await owner.finish(await owner.post(`/tasks/${task.id}`, [["action", "undo"]]));
    expect(await owner.texts()).toEqual({});
    expect(await listed("/bin/notes/")).toEqual(["/notes/a"]);
  });
});

/** Long enough for a body to be known to be settled. */
const SETTLED_AFTER_MS = 60 * MINUTE_MS;

const free = (query: Record<string, string>): Promise<Response> =>
  owner.post(`/free?${new URLSearchParams(query)}`, []);

describe("Deleting for good", () => {
  it("asks first, also without script, and says that it cannot be undone", async () => {
    await storeAndDelete("/notes/a");
    const before = await listBodyKeys(owner.user.name);
    const html = await (await owner.get("/bin/notes/")).text();
    const link = findElements(html, "a").find(({ href }) => href?.startsWith("/free"))?.href ?? "";
    const text = await owner.read(link);
    expect(text).toContain("Delete for good?");
    expect(text).toContain("This can’t be undone.");
    expect(await listBodyKeys(owner.user.name)).toEqual(before);
    expect(await owner.read(link, "de")).toContain("Das lässt sich nicht rückgängig machen.");
  });

  it("empties the bin of a module, its public part too, and touches nothing else", async () => {
    await storeAndDelete("/notes/a", "/public/notes/b", "/photos/c");
    const kept = etagVersion(await owner.app.put("/notes/kept", "1"));
    const current = etagVersion(await owner.app.put("/notes/kept", "2"));
    advanceClock(SETTLED_AFTER_MS);
    await owner.signIn();
    const task = await owner.finish(await free({ what: "deleted", module: "notes" }));
    expect(task).toMatchObject({ state: "done", counts: { deleted: 2 } });
    expect(await listed("/bin/notes/")).toEqual([]);
    expect(await listed("/bin/photos/")).toEqual(["/photos/c"]);
    const versions = (await listBodyKeys(owner.user.name)).map((key) => key.split("/")[2]);
    expect(versions).toHaveLength(3);
    expect(versions).toEqual(expect.arrayContaining([kept, current]));
    expect((await owner.get("/versions/notes/a")).status).toBe(404);
    expect(await owner.texts("/notes/")).toEqual({ "/notes/kept": "2" });
  });

  it("of earlier versions keeps the documents, and the bin", async () => {
    await owner.store({ "/notes/a": "1", "/notes/b": "1" });
    await owner.store({ "/notes/a": "2" });
    await storeAndDelete("/notes/gone");
    advanceClock(SETTLED_AFTER_MS);
    await owner.signIn();
    const task = await owner.finish(await free({ what: "versions", path: "/" }));
    expect(task.counts.deleted).toBe(1);
    expect(await owner.texts()).toEqual({ "/notes/a": "2", "/notes/b": "1" });
    expect(await listed("/bin/notes/")).toEqual(["/notes/gone"]);
  });

  it("of one document leaves the others alone", async () => {
    await owner.store({ "/notes/a": "1", "/notes/ab": "1" });
    await owner.store({ "/notes/a": "2", "/notes/ab": "2" });
    advanceClock(SETTLED_AFTER_MS);
    await owner.signIn();
    await owner.finish(await free({ what: "versions", path: "/notes/a" }));
    expect(await listBodyKeys(owner.user.name)).toHaveLength(3);
  });

  it("requires that the user has authenticated recently", async () => {
    await storeAndDelete("/notes/a");
    advanceClock(60 * MINUTE_MS);
    await expectUnchanged(owner.app, async () => {
      const response = await free({ what: "deleted", module: "notes" });
      expect(response.headers.get("location")).toContain("/confirm");
    });
    expect(await owner.object.listTasks()).toEqual([]);
  });

  it("of what is not named is refused", async () => {
    for (const query of [
      { what: "deleted" },
      { what: "all", path: "/" },
      { what: "versions", path: "notes" },
      { what: "versions", module: "a/b" },
      { what: "versions", path: "/notes/../a" },
    ] as Record<string, string>[]) {
      expect([query, (await free(query)).status]).toEqual([query, 404]);
    }
    expect(await owner.object.listTasks()).toEqual([]);
  });
});

describe("Names of any kind in the bin", () => {
  it("run no script, and are restored as they were", async () => {
    const names = [
      `<img src=x onerror=alert(1)>`,
      `"'&<b>`,
      "\u202egnp.exe",
      "🙂".repeat(63),
      "a?b",
    ];
    const paths = names.map((name) => `/notes/${name}/${name}`);
    await storeAndDelete(...paths);
    const html = await (await owner.get("/bin/notes/")).text();
    expect(findInlineCode(html)).toEqual([]);
    expect((await listed("/bin/notes/")).sort()).toEqual(paths.toSorted());
    await owner.finish(await restoreAll("/bin/notes/"));
    expect(await owner.texts()).toEqual(Object.fromEntries(paths.map((path) => [path, path])));
  });

  it("of modules lead to their bins", async () => {
    await storeAndDelete("/a b%2F?/x");
    const html = await (await owner.get("/bin")).text();
    const links = findElements(html, "a").flatMap(({ href = "" }) =>
      href.startsWith("/bin/") ? [href] : [],
    );
    expect(links).toHaveLength(1);
    expect(await listed(links[0] as string)).toEqual(["/a b%2F?/x"]);
  });
});

describe("The settings", () => {
  it("say how long versions are kept, how much they take, and offer to free space", async () => {
    await owner.store({ "/notes/a": "x".repeat(5000) });
    await owner.store({ "/notes/a": "2" });
    const before = await owner.read("/settings");
    expect(before).toContain("are kept for 30 days, up to 20 versions of each document");
    expect(before).toContain("it isn’t known yet");
    advanceClock(DAY_MS + MINUTE_MS);
    await owner.sweep();
    const html = await (await owner.get("/settings")).text();
    expect(mainText(html)).toMatch(/They took 5 kB when counted/);
    expect(findElements(html, "option").map(({ value }) => value)).toContain("notes");
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(
      expect.arrayContaining(["/bin", "/go-back/", "/free?what=deleted&path=%2F"]),
    );
  });
});
