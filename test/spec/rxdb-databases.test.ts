/** RxDB databases as the user sees and deletes them, and what happens to them when grants end. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { longestRequestMs } from "../../src/storage/erasure";
import { createAdministrator, submitAction } from "../support/admin";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { framesToStore, sendFrames } from "../support/database-frames";
import { expectErased, runDueAlarms } from "../support/erasure";
import { findElements, findInlineCode, mainText } from "../support/html";
import { openSocket, storeDatabase } from "../support/modules";
import { revokeToken } from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, activityRows } from "../support/rows";
import { createClient, RXDB_VERSIONS } from "../support/rxdb/clients";
import { openTodos, watchQuery } from "../support/rxdb/open-todos";
import { socketPath } from "../support/rxdb/sockets";
import { todo } from "../support/rxdb/todos";
import { waitUntil } from "../support/rxdb/wait";

let admin: TestUser;
beforeAll(async () => {
  admin = await createAdministrator();
});

const open = async (
  { cookie }: Pick<TestUser, "cookie">,
  path = "/data",
  language = "en",
): Promise<Response> => send(path, { headers: { Cookie: cookie, "Accept-Language": language } });

const textOf = async (user: TestUser, language = "en"): Promise<string> =>
  mainText(await (await open(user, "/data", language)).text());

const TASKS = [
  { id: "1", text: "wash" },
  { id: "2", text: "x".repeat(20_000) },
  { id: "3", text: "cook" },
];

/** Creates a user with an app, and a database with two collections beside those of RxDB itself. */
async function createUserWithDatabase(name = "list"): Promise<{ user: TestUser; app: TestApp }> {
  const user = await createUser();
  const app = await connectApp(user);
  await storeDatabase(app, "todos", name, {
    tasks: TASKS,
    labels: [{ id: "red", text: "red" }],
    _rxdb_internal: [{ id: "token", text: "1" }],
    "plugin-local-documents-tasks": [{ id: "local", text: "1" }],
  });
  return { user, app };
}

const pathOf = (name: string, module = "todos"): string =>
  `/data/database?${new URLSearchParams({ module, name })}`;

describe("The databases on the data page", () => {
  it("are listed by module, with the documents and bytes of each collection", async () => {
    const { user, app } = await createUserWithDatabase();
    await storeDatabase(app, "notes", "another", { pages: TASKS.slice(0, 1) });
    const html = await (await open(user)).text();
    const text = mainText(html);
    expect(text).toMatch(
      /Module notes another \(\S+ bytes\) Collection Documents Size pages 1 \S+ bytes/,
    );
    expect(text).toMatch(
      /Module todos list \(2\d(\.\d)? kB\) Collection Documents Size labels 1 \S+ bytes tasks 3 2\d(\.\d)? kB RxDB internal \S+ bytes/,
    );
    expect(text).not.toContain("_rxdb_internal");
    expect(text).not.toContain("plugin-local");
    expect(findInlineCode(html)).toEqual([]);
    const links = findElements(html, "a").map(({ href }) => href?.replaceAll("&amp;", "&"));
    expect(links).toContain(pathOf("list"));
  });

  it("are listed in German for German readers", async () => {
    const { user } = await createUserWithDatabase();
    const text = await textOf(user, "de");
    expect(text).toContain("Modul todos");
    expect(text).toContain("RxDB-intern");
    expect(text).not.toMatch(/\b(your|the|and|of)\b/i);
  });

  it("are shown as text, whatever an app calls them", async () => {
    const name = '<script>alert("1")</script>&x=y/..?#';
    const { user } = await createUserWithDatabase(name);
    const html = await (await open(user)).text();
    expect(findInlineCode(html)).toEqual([]);
    expect(mainText(html)).toContain(name);
    const confirmPage = await open(user, pathOf(name));
    expect([confirmPage.status, findInlineCode(await confirmPage.text())]).toEqual([200, []]);
    expect((await sendForm(pathOf(name), {}, { cookie: user.cookie })).status).toBe(303);
    expect(await textOf(user)).not.toContain("Module ");
  });

  it("are not shown to other users", async () => {
    await createUserWithDatabase("secret-hobby");
    expect(await textOf(await createUser())).not.toContain("secret-hobby");
  });
});

describe("Deleting a database", () => {
  it("asks for confirmation, and says that it is permanent", async () => {
    const { user } = await createUserWithDatabase();
    const before = await textOf(user);
    const text = mainText(await (await open(user, pathOf("list"))).text());
    expect(text).toContain("Delete this database? Database list in the module todos.");
    expect(text).toMatch(/It contains 4 documents \(2\d(\.\d)? kB\)\./);
    expect(text).toContain("This can’t be undone.");
    expect(await textOf(user)).toBe(before);
  });

  it("deletes that one alone, and is recorded in the activity", async () => {
    const { user, app } = await createUserWithDatabase();
    await storeDatabase(app, "todos", "other", { tasks: TASKS });
    await storeDatabase(app, "notes", "list", { pages: TASKS });
    const { user: other } = await createUserWithDatabase();
    const response = await sendForm(pathOf("list"), {}, { cookie: user.cookie });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/data"]);
    const text = await textOf(user);
    expect(text).toMatch(/Module notes list \(/);
    expect(text).toMatch(/Module todos other \(/);
    expect(text).not.toContain("labels");
    expect(await textOf(other)).toContain("labels");
    expect((await activityRows(user.name)).at(-1)).toEqual({
      kind: "database-deleted",
      module: "todos",
      name: "list",
    });
    expect((await sendForm(pathOf("list"), {}, { cookie: user.cookie })).status).toBe(404);
  });

  it.each(RXDB_VERSIONS)(
    "closes its collections in apps, so that no live query shows what is deleted (RxDB $version)",
    async (rxdb) => {
      const user = await createUser();
      const app = await connectApp(user);
      const client = createClient(socketPath(app), rxdb);
      const { todos } = await openTodos(client, "list");
      const other = await openTodos(createClient(socketPath(app), rxdb), "other");
      const live = watchQuery(todos.find() as never);
      await todos.insert(todo("a"));
      await waitUntil(() => live.ids.length === 1);
      const closed = new Promise<void>((resolve) => todos.onRemove.push(resolve));
      expect((await sendForm(pathOf("list"), {}, { cookie: user.cookie })).status).toBe(303);
      await closed;
      expect(() => todos.find()).toThrow("COL21");
      expect(await other.todos.count().exec()).toBe(0);
      const again = await openTodos(createClient(socketPath(app), rxdb), "list");
      expect(await again.todos.count().exec()).toBe(0);
    },
  );

  it("is refused if another site sends the form", async () => {
    const { user } = await createUserWithDatabase();
    const before = await textOf(user);
    const headers = { Cookie: user.cookie, Origin: "https://evil.example" };
    expect((await send(pathOf("list"), { method: "POST", headers })).status).toBe(403);
    expect(await textOf(user)).toBe(before);
  });
});

/** What ends the grant of an app that uses the implicit flow. */
const REVOCATIONS: [string, (user: TestUser, app: TestApp) => Promise<Response>][] = [
  [
    "the app is disconnected",
    ({ cookie }) =>
      sendForm(`/apps/disconnect?app=${encodeURIComponent(APP_ORIGIN)}`, {}, { cookie }),
  ],
  ["all apps are disconnected", ({ cookie }) => sendForm("/apps/disconnect-all", {}, { cookie })],
  ["RFC 7009 its token is revoked", (_, { token }) => revokeToken({ token })],
  ["the account is suspended", ({ name }) => submitAction(admin, name, "suspend")],
  [
    "the user deletes the account",
    ({ name, cookie }) => sendForm("/settings/delete", { name }, { cookie }),
  ],
  [
    "an administrator deletes the account",
    ({ name }) => submitAction(admin, name, "delete", { name }),
  ],
];

describe.each(REVOCATIONS)("When %s", (_, request) => {
  it("its open sockets are closed, and no others", async () => {
    const { user, app } = await createUserWithDatabase();
    const other = await createUserWithDatabase();
    const socket = await openSocket(app, "todos");
    const others = await openSocket(other.app, "todos");
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    expect((await request(user, app)).status).toBeLessThan(400);
    await closed;
    expect(others.readyState).toBe(WebSocket.OPEN);
    others.close();
  });
});

describe("When an app's access becomes read-only", () => {
  it("its open socket stays open, and writes on it are refused", async () => {
    const { user, app } = await createUserWithDatabase();
    const socket = await openSocket(app, "todos");
    const [create, write] = framesToStore("list", { tasks: [{ id: "4", text: "write" }] });
    await sendFrames(socket, [create as object]);
    const before = await textOf(user);
    const path = `/apps/app?id=${encodeURIComponent(APP_ORIGIN)}`;
    const form = { "level:*": "r", end: "keep" };
    expect((await sendForm(path, form, { cookie: user.cookie })).status).toBe(303);
    await sendFrames(socket, [create as object]);
    await expect(sendFrames(socket, [write as object])).rejects.toThrow("insufficient-scope");
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(await textOf(user)).toBe(before);
    socket.close();
  });
});

describe("When the account is deleted", () => {
  it("its databases are erased from their objects, and those of others stay", async () => {
    const { user, app } = await createUserWithDatabase();
    await storeDatabase(app, "notes", "another", { pages: TASKS });
    const other = await createUserWithDatabase();
    const othersText = await textOf(other.user);
    const account = await accountId(user.name);
    await sendForm("/settings/delete", { name: user.name }, { cookie: user.cookie });
    await runDueAlarms(user.name);
    advanceClock(longestRequestMs(env) + MINUTE_MS);
    await runDueAlarms(user.name);
    await expectErased(user.name, account);
    for (const module of ["todos", "notes"]) {
      const object = env.MODULES.getByName(`${account}/${module}`);
      await runInDurableObject(object, (_, { storage }) => {
        const counts = storage.sql
          .exec(
            `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf*'
             AND name NOT GLOB 'sqlite*'`,
          )
          .toArray()
          .map(({ name }) => [name, storage.sql.exec(`SELECT * FROM "${name}"`).toArray()]);
        expect(counts.filter(([, rows]) => (rows as unknown[]).length > 0)).toEqual([]);
      });
    }
    expect(await textOf(other.user)).toBe(othersText);
  });

  it("no app can create another one", async () => {
    const { user, app } = await createUserWithDatabase();
    await sendForm("/settings/delete", { name: user.name }, { cookie: user.cookie });
    await expect(storeDatabase(app, "later", "new", { pages: TASKS })).rejects.toThrow();
    const { results } = await env.DB.prepare(
      "SELECT * FROM rxdb_modules WHERE module = 'later'",
    ).all();
    expect(results).toEqual([]);
  });
});
