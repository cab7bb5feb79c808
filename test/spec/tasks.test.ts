/** Tasks: documents are deleted, moved and renamed on the pages, and all of it can be undone. */

import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { findElements, findInlineCode, mainText } from "../support/html";
import {
  connectApp,
  createUser,
  encodePath,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { expectUnchanged, setQuota } from "../support/storage";

let user: TestUser;
let app: TestApp;

beforeEach(async () => {
  user = await createUser();
  app = await connectApp(user);
});

const userObject = () => env.USERS.getByName(user.name);

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  send(path, { headers: { Cookie: user.cookie, Accept: "text/html", ...headers } });

/** Sends the form with which documents are changed; a field may be given more than once. */
const sendTask = (
  fields: [name: string, value: string][],
  headers: Record<string, string> = {},
): Promise<Response> =>
  send("/tasks", {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Cookie: user.cookie, Origin: "https://satchel.example", ...headers },
  });

/** Starts a task, and returns the path of its page. */
async function start(action: string, paths: string[], to?: string): Promise<string> {
  const response = await sendTask([
    ["action", action],
    ...paths.map((path): [string, string] => ["path", encodePath(path)]),
    ...(to === undefined ? [] : ([["to", to]] as [string, string][])),
  ]);
  expect(response.status).toBe(303);
  return response.headers.get("location") ?? "";
}

/** Runs the alarm until no task is running. */
async function finishTasks(): Promise<void> {
  while ((await userObject().listTasks()).some(({ state }) => state === "running")) {
    await runDurableObjectAlarm(userObject());
  }
}

const act = (page: string, action: string): Promise<Response> =>
  sendForm(page, { action }, { cookie: user.cookie });

const textOf = async (page: string, headers: Record<string, string> = {}): Promise<string> =>
  mainText(await (await get(page, headers)).text());

/** The actions that the page of a task offers. */
const buttonsOf = async (page: string): Promise<(string | undefined)[]> =>
  findElements(await (await get(page)).text(), "button")
    .filter(({ name }) => name === "action")
    .map(({ value }) => value);

const store = async (documents: Record<string, string>): Promise<void> => {
  for (const [path, text] of Object.entries(documents)) {
    const response = await app.put(encodePath(path), text);
    expect(response.status).toBeLessThan(300);
  }
};

/** The documents below a folder, and their texts. */
async function textsBelow(folder = "/"): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const path of Object.keys(await app.tree(folder))) {
    if (!path.endsWith("/")) texts[path] = await (await app.get(encodePath(path))).text();
  }
  return texts;
}

const activityKinds = async (): Promise<string[]> => {
  const { results } = await env.DB.prepare(
    "SELECT kind || ' ' || detail AS entry FROM activity WHERE account = ? ORDER BY at, id",
  )
    .bind(await accountId(user.name))
    .all<{ entry: string }>();
  return results.map(({ entry }) => entry).filter((entry) => /^(task|files)-/.test(entry));
};

describe("Deleting", () => {
  it("deletes documents and whole folders, says how many, and can be undone", async () => {
    const documents = { "/notes/a": "1", "/notes/b/c": "2", "/notes/b/d/e": "3", "/notes/z": "4" };
    await store(documents);
    const page = await start("delete", ["/notes/a", "/notes/b/"]);
    expect(await buttonsOf(page)).toEqual(["pause", "cancel"]);
    await finishTasks();
    expect(await textsBelow()).toEqual({ "/notes/z": "4" });
    expect(await textOf(page)).toContain("3 documents were deleted.");
    expect(await buttonsOf(page)).toEqual(["undo"]);

    const undo = (await act(page, "undo")).headers.get("location") ?? "";
    expect(undo).not.toBe(page);
    await finishTasks();
    expect(await textsBelow()).toEqual(documents);
    expect(await textOf(undo)).toContain("3 documents were restored.");
    expect(await textOf(page)).toContain("This was undone:");
    expect(await buttonsOf(page)).toEqual([]);
  });

  it("leaves a document that was written after it began", async () => {
    await store({ "/notes/a": "old", "/notes/b": "old" });
    const page = await start("delete", ["/notes/"]);
    await store({ "/notes/a": "newer" });
    await finishTasks();
    expect(await textsBelow()).toEqual({ "/notes/a": "newer" });
    expect(await textOf(page)).toContain("1 document was deleted.");
  });

  it("is one entry of the activity log, which names the first path and how many more there are", async () => {
    await store({ "/notes/a": "1", "/notes/b": "2" });
    await start("delete", ["/notes/a", "/notes/b"]);
    expect(await activityKinds()).toEqual([
      'task-started {"task":"delete","path":"/notes/a (+1)"}',
    ]);
    expect(await textOf("/activity")).toContain("Documents deleted: /notes/a (+1)");
    await finishTasks();
  });

  it("of what does not exist changes nothing, and says so", async () => {
    await store({ "/notes/a": "1" });
    const page = await expectUnchanged(app, async () => {
      const page = await start("delete", ["/notes/none", "/none/"]);
      await finishTasks();
      return page;
    });
    expect(await textOf(page)).toContain("No document was changed.");
    expect(await buttonsOf(page)).toEqual([]);
  });
});

describe("Moving", () => {
  it("gives documents and all below folders a new path, and can be undone", async () => {
    const documents = { "/notes/a": "1", "/notes/b/c": "2", "/notes/b/d/e": "3" };
    await store(documents);
    const page = await start("move", ["/notes/a", "/notes/b/"], "/archive/2026");
    await finishTasks();
    const moved = { "/archive/2026/a": "1", "/archive/2026/b/c": "2", "/archive/2026/b/d/e": "3" };
    expect(await textsBelow()).toEqual(moved);
    expect(await textOf(page)).toContain("3 documents were moved.");
    const links = findElements(await (await get(page)).text(), "a").map(({ href }) => href);
    expect(links).toContain("/files/archive/2026/");
    await act(page, "undo");
    await finishTasks();
    expect(await textsBelow()).toEqual(documents);
  });

  it("keeps the Content-Type", async () => {
    await app.put("/notes/a", "<p>", { "Content-Type": "text/html; charset=utf-8" });
    await start("move", ["/notes/a"], "/web/");
    await finishTasks();
    const moved = await app.get("/web/a");
    expect(moved.headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  it("does not overwrite: both documents stay, and the page says why", async () => {
    await store({ "/notes/a": "mine", "/archive/a": "theirs" });
    const page = await start("move", ["/notes/a"], "/archive/");
    await finishTasks();
    expect(await textsBelow()).toEqual({ "/notes/a": "mine", "/archive/a": "theirs" });
    const text = await textOf(page);
    expect(text).toContain("1 document was left as it is.");
    expect(text).toContain("There is already a document with this name.");
  });

  it("into a folder whose name a document has is refused for each document", async () => {
    await store({ "/notes/a": "1", "/archive": "a document" });
    const page = await start("move", ["/notes/a"], "/archive/");
    await finishTasks();
    expect(await textsBelow()).toEqual({ "/notes/a": "1", "/archive": "a document" });
    expect(await textOf(page)).toContain("A document and a folder can’t have the same name.");
  });

  it("leaves documents whose new path would be too long", async () => {
    const deep = `/notes/${"x".repeat(1000)}/${"y".repeat(1000)}/${"z".repeat(1500)}`;
    await store({ [deep]: "1" });
    const page = await start("move", [`/notes/${"x".repeat(1000)}/`], `/${"w".repeat(1000)}/`);
    await finishTasks();
    expect(Object.keys(await textsBelow())).toEqual([deep]);
    expect(await textOf(page)).toContain("Its new path would be too long.");
  });

  it.each([
    ["itself", "/notes/b/", "/notes/b/"],
    ["a folder below it", "/notes/b/", "/notes/b/c/d"],
  ])("a folder into %s is refused", async (_, path, to) => {
    await store({ "/notes/b/c": "1" });
    const response = await expectUnchanged(app, () =>
      sendTask([
        ["action", "move"],
        ["path", path],
        ["to", to],
      ]),
    );
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toContain("A folder can’t be moved into itself.");
  });
});

describe("Renaming", () => {
  it("changes the name of a document, and of a folder with all that is in it", async () => {
    await store({ "/notes/a": "1", "/notes/b/c": "2" });
    const page = await start("rename", ["/notes/a"], "ä (1).txt");
    await start("rename", ["/notes/b/"], "new");
    await finishTasks();
    expect(await textsBelow()).toEqual({ "/notes/ä (1).txt": "1", "/notes/new/c": "2" });
    expect(await textOf(page)).toContain("Rename");
    expect(await activityKinds()).toContain(
      'task-started {"task":"move","path":"/notes/a → /notes/ä (1).txt"}',
    );
  });

  it.each(["", ".", "..", "a/b", "/", "x".repeat(5000)])(
    "to a name that is not allowed is refused: %j",
    async (name) => {
      await store({ "/notes/a": "1" });
      const response = await expectUnchanged(app, () =>
        sendTask([
          ["action", "rename"],
          ["path", "/notes/a"],
          ["to", name],
        ]),
      );
      expect(response.status).toBe(400);
      expect(await userObject().listTasks()).toEqual([]);
    },
  );

  it("to the same name is refused", async () => {
    const fields: [string, string][] = [
      ["action", "rename"],
      ["path", "/notes/a"],
      ["to", "a"],
    ];
    expect((await sendTask(fields)).status).toBe(400);
  });

  it("is for one document or folder at a time", async () => {
    const fields: [string, string][] = [
      ["action", "rename"],
      ["path", "/notes/a"],
      ["path", "/notes/b"],
      ["to", "c"],
    ];
    expect((await sendTask(fields)).status).toBe(400);
  });
});

describe("The form", () => {
  it.each([
    ["without a path", [["action", "delete"]]],
    [
      "with the root",
      [
        ["action", "delete"],
        ["path", "/"],
      ],
    ],
    [
      "with a path that is not absolute",
      [
        ["action", "delete"],
        ["path", "notes/a"],
      ],
    ],
    [
      "with an empty name",
      [
        ["action", "delete"],
        ["path", "/notes//a"],
      ],
    ],
    [
      "with dots",
      [
        ["action", "delete"],
        ["path", "/notes/../a"],
      ],
    ],
    [
      "with a null character",
      [
        ["action", "delete"],
        ["path", "/notes/%00"],
      ],
    ],
    ["without an action", [["path", "/notes/a"]]],
    [
      "with another action",
      [
        ["action", "free"],
        ["path", "/notes/a"],
      ],
    ],
    [
      "that moves to nowhere",
      [
        ["action", "move"],
        ["path", "/notes/a"],
        ["to", ""],
      ],
    ],
    [
      "that moves to dots",
      [
        ["action", "move"],
        ["path", "/notes/a"],
        ["to", "/../x/"],
      ],
    ],
    [
      "with more than 500 paths",
      [["action", "delete"], ...Array.from({ length: 501 }, (_, i) => ["path", `/n/${i}`])],
    ],
  ] as [string, [string, string][]][])("%s is refused, and starts nothing", async (_, fields) => {
    await store({ "/notes/a": "1" });
    const response = await expectUnchanged(app, () => sendTask(fields));
    expect(response.status).toBe(400);
    expect(mainText(await response.text())).toContain("That isn’t possible");
    expect(await userObject().listTasks()).toEqual([]);
    expect(await activityKinds()).toEqual([]);
  });

  it("that is refused leads back to the page with the form, and nowhere else", async () => {
    const linkAfter = async (referer: string) => {
      const response = await sendTask([["action", "delete"]], { Referer: referer });
      const links = findElements(await response.text(), "a").map(({ href }) => href);
      return links.at(-1);
    };
    expect(await linkAfter("https://satchel.example/files/notes/?sort=size")).toBe(
      "/files/notes/?sort=size",
    );
    expect(await linkAfter("https://satchel.example//evil.example/files/")).toBe("/files/");
    expect(await linkAfter("nonsense")).toBe("/files/");
  });

  it("from another site is refused, and starts nothing", async () => {
    await store({ "/notes/a": "1" });
    const fields: [string, string][] = [
      ["action", "delete"],
      ["path", "/notes/a"],
    ];
    const response = await sendTask(fields, { "Sec-Fetch-Site": "cross-site" });
    expect(response.status).toBe(403);
    expect(await userObject().listTasks()).toEqual([]);
  });

  it("without a session leads to the sign-in, and starts nothing", async () => {
    const fields: [string, string][] = [
      ["action", "delete"],
      ["path", "/notes/a"],
    ];
    const response = await sendTask(fields, { Cookie: "" });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toMatch(/^\/sign-in\?/);
    expect(await userObject().listTasks()).toEqual([]);
  });

  it("is refused while fifty tasks have not ended", async () => {
    for (let i = 0; i < 50; i++) await start("delete", [`/notes/${i}`]);
    const response = await sendTask([
      ["action", "delete"],
      ["path", "/notes/a"],
    ]);
    expect(response.status).toBe(429);
    expect(await userObject().listTasks()).toHaveLength(50);
    await finishTasks();
    await start("delete", ["/notes/a"]);
    await finishTasks();
  });
});

describe("A task", () => {
  it("can be paused, resumed and cancelled; what it had done stays done", async () => {
    await store({ "/notes/a": "1" });
    const page = await start("delete", ["/notes/a"]);
    await act(page, "pause");
    await runDurableObjectAlarm(userObject());
    expect(Object.keys(await textsBelow())).toEqual(["/notes/a"]);
    expect(await buttonsOf(page)).toEqual(["resume", "cancel"]);
    expect(await textOf(page)).toContain("Paused");
    await act(page, "resume");
    expect(await buttonsOf(page)).toEqual(["pause", "cancel"]);
    await act(page, "cancel");
    await runDurableObjectAlarm(userObject());
    expect(Object.keys(await textsBelow())).toEqual(["/notes/a"]);
    expect(await buttonsOf(page)).toEqual([]);
    expect(await textOf(page)).toContain("You cancelled this task.");
  });

  it("ignores an action that its state does not allow", async () => {
    await store({ "/notes/a": "1" });
    const page = await start("delete", ["/notes/a"]);
    for (const action of ["undo", "do", "resume", "free", ""]) {
      const response = await act(page, action);
      expect([action, response.headers.get("location")]).toEqual([action, page]);
    }
    expect(await userObject().listTasks()).toHaveLength(1);
    await finishTasks();
    for (const action of ["pause", "resume", "cancel"]) await act(page, action);
    expect(await buttonsOf(page)).toEqual(["undo"]);
  });

  it("that is undone twice at once is undone once", async () => {
    await store({ "/notes/a": "1" });
    const page = await start("delete", ["/notes/a"]);
    await finishTasks();
    const undone = await Promise.all([act(page, "undo"), act(page, "undo")]);
    await finishTasks();
    expect(await textsBelow()).toEqual({ "/notes/a": "1" });
    expect(await userObject().listTasks()).toHaveLength(2);
    expect(undone.map(({ status }) => status)).toEqual([303, 303]);
  });

  it("that was undone can be done again by undoing that", async () => {
    await store({ "/notes/a": "1" });
    const page = await start("delete", ["/notes/a"]);
    await finishTasks();
    const undo = (await act(page, "undo")).headers.get("location") ?? "";
    await finishTasks();
    expect(await buttonsOf(undo)).toEqual(["undo"]);
    await act(undo, "undo");
    await finishTasks();
    expect(await textsBelow()).toEqual({});
  });

  it("is loaded anew without script while it runs, and not after it has ended", async () => {
    await store({ "/notes/a": "1" });
    const page = await start("delete", ["/notes/a"]);
    const refresh = /<noscript><meta http-equiv="refresh" content="\d+"\/?><\/noscript>/;
    expect(await (await get(page)).text()).toMatch(refresh);
    await finishTasks();
    expect(await (await get(page)).text()).not.toMatch(/http-equiv/);
  });

  it("tells a script how far it has come, in the language of the page", async () => {
    await store({ "/notes/a": "1", "/notes/b": "2" });
    const page = await start("delete", ["/notes/"]);
    const ask = async (language: string): Promise<unknown> =>
      (await get(`${page}/progress`, { "Accept-Language": language })).json();
    expect(await ask("en")).toEqual({
      state: "running",
      looked: 0,
      total: 2,
      text: "Waiting to start.",
    });
    await finishTasks();
    expect(await ask("de")).toMatchObject({
      state: "done",
      looked: 2,
      total: 2,
      text: "2 von 2 geprüft. 2 Dokumente wurden gelöscht.",
    });
  });

  it.each(["get", "progress", "post"])("of another user is not found: %s", async (how) => {
    await store({ "/notes/a": "1" });
    const page = await start("delete", ["/notes/a"]);
    const other = await createUser();
    const response =
      how === "post"
        ? await sendForm(page, { action: "cancel" }, { cookie: other.cookie })
        : await send(how === "get" ? page : `${page}/progress`, {
            headers: { Cookie: other.cookie },
          });
    expect(response.status).toBe(404);
    expect(await buttonsOf(page)).toEqual(["pause", "cancel"]);
    await finishTasks();
  });

  it.each(["1", "x".repeat(5000), "000000000000000-../../x", "%00"])(
    "that does not exist is not found: %j",
    async (id) => {
      for (const path of [`/tasks/${id}`, `/tasks/${id}/progress`]) {
        expect((await get(path)).status).toBe(404);
      }
      expect((await act(`/tasks/${id}`, "cancel")).status).toBe(404);
    },
  );
});

describe("The log of a task", () => {
  it("is shown page by page, all of it or by what became of the documents", async () => {
    const paths = Array.from({ length: 52 }, (_, i) => `/notes/${String(i).padStart(2, "0")}`);
    for (const path of paths) await app.put(path, "x");
    await store({ "/archive/07": "taken" });
    const page = await start("move", paths, "/archive/");
    await finishTasks();
    // What was not changed comes first.
    const first = await (await get(page)).text();
    expect(findElements(first, "tr")).toHaveLength(2);
    expect(mainText(first)).toContain("/notes/07 Left as it is");
    const all = await (await get(`${page}?show=all`)).text();
    expect(findElements(all, "tr")).toHaveLength(51);
    const next = findElements(all, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    const second = await (await get(next)).text();
    expect(findElements(second, "tr")).toHaveLength(3);
    expect(second).not.toContain("after=");
    expect(mainText(await (await get(`${page}?show=moved`)).text())).toContain("Moved (51)");
    for (const query of ["show=x", "show=constructor", "after=-1", "after=99999999999999999999"]) {
      expect((await get(`${page}?${query}`)).status).toBe(200);
    }
  });

  it("says when there was not enough space", async () => {
    await store({ "/notes/a": "x".repeat(10_000) });
    await setQuota(app, 1);
    const page = await start("move", ["/notes/a"], "/archive/");
    await finishTasks();
    expect(await textOf(page)).toContain("There isn’t enough free space.");
    expect(Object.keys(await textsBelow())).toEqual(["/notes/a"]);
  });
});

describe("A preview", () => {
  it("lists what would change, changes nothing, and does it when told to", async () => {
    await store({ "/notes/a": "1", "/notes/b": "2" });
    const owner = { account: await accountId(user.name), user: user.name };
    const spec = { kind: "delete" as const, paths: ["/notes/"] };
    const id = await expectUnchanged(app, async () => {
      const id = await userObject().startTask(owner, spec, true);
      await finishTasks();
      return id;
    });
    const page = `/tasks/${id}`;
    const text = await textOf(page);
    expect(text).toContain("2 documents would be deleted.");
    expect(text).toContain("/notes/a Would be deleted");
    expect(await buttonsOf(page)).toEqual(["do"]);
    expect(await activityKinds()).toEqual([]);
    const done = (await act(page, "do")).headers.get("location") ?? "";
    await finishTasks();
    expect(await textsBelow()).toEqual({});
    expect(await textOf(done)).toContain("2 documents were deleted.");
    expect(await activityKinds()).toEqual(['task-started {"task":"delete","path":"/notes/"}']);
  });

  it("that finds nothing to change offers nothing", async () => {
    const owner = { account: await accountId(user.name), user: user.name };
    const id = await userObject().startTask(owner, { kind: "delete", paths: ["/none/"] }, true);
    await finishTasks();
    expect(await textOf(`/tasks/${id}`)).toContain("Nothing would change.");
    expect(await buttonsOf(`/tasks/${id}`)).toEqual([]);
  });
});

describe("The list of tasks", () => {
  it("has the latest first, with their state and result", async () => {
    expect(await textOf("/tasks")).toContain("There are no tasks.");
    await store({ "/notes/a": "1", "/notes/b": "2" });
    const first = await start("delete", ["/notes/a"]);
    await finishTasks();
    const second = await start("rename", ["/notes/b"], "c");
    const html = await (await get("/tasks")).text();
    const links = findElements(html, "a").map(({ href }) => href ?? "");
    expect(links.filter((href) => href.startsWith("/tasks/"))).toEqual([second, first]);
    expect(mainText(html)).toMatch(/Rename Running.*Delete documents Done.*1 document was deleted/);
    await finishTasks();
  });
});

describe("Names that are hostile", () => {
  const NAMES = [
    "<img src=x onerror=alert(1)>",
    `"onmouseover="alert(1)`,
    "\u202egpj.exe",
    "%2e%2e%2f",
    "a\nb\t\u0007",
    "🙈".repeat(63),
    "&lt;b&gt;",
    "'; DROP TABLE nodes; --",
  ];

  it("are text on every page of a task, and isolated from what is around them", async () => {
    for (const name of NAMES) await store({ [`/notes/${name}`]: "x" });
    const page = await start(
      "move",
      NAMES.map((name) => `/notes/${name}`),
      "/<b>\u202e/",
    );
    for (const path of [page, "/tasks"]) {
      const html = await (await get(path)).text();
      expect(findInlineCode(html)).toEqual([]);
      expect(html).not.toMatch(/<img src=x|<b>/);
    }
    await finishTasks();
    const html = await (await get(`${page}?show=all`)).text();
    expect(findInlineCode(html)).toEqual([]);
    expect(html).not.toMatch(/<img src=x|<b>/);
    expect(html).not.toContain("\u202e");
    expect(html).toContain("<bdi>/&lt;b&gt;\ufffd/\ufffdgpj.exe</bdi>");
    expect(html).toContain("/a\u240ab\u2409\u2407</bdi>");
    expect(await textOf("/activity")).not.toContain("\u202e");
    expect(Object.keys(await textsBelow()).sort()).toEqual(
      NAMES.map((name) => `/<b>\u202e/${name}`).sort(),
    );
  });
});
