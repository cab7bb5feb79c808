/** The databases of RxDB apps as their person sees and deletes them, and how they go with grants. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { longestRequestMs } from "../../src/storage/erasure";
import { actOn, administrator } from "../support/admin";
import { advanceClock, MINUTE_MS } from "../support/clock";
import { exchange, storingFrames } from "../support/database-frames";
import { expectErased, ring } from "../support/erasing";
import { findElements, findInlineCode, mainText } from "../support/html";
import { openSocket, storeDatabase } from "../support/modules";
import { revoke } from "../support/oauth";
import { accountId, activityRows } from "../support/rows";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";

let admin: TestUser;
beforeAll(async () => {
  admin = await administrator();
});

const open = async (
  { cookie }: Pick<TestUser, "cookie">,
  path = "/data",
  language = "en",
): Promise<Response> => send(path, { headers: { Cookie: cookie, "Accept-Language": language } });

const textOf = async (person: TestUser, language = "en"): Promise<string> =>
  mainText(await (await open(person, "/data", language)).text());

const TASKS = [
  { id: "1", text: "wash" },
  { id: "2", text: "x".repeat(20_000) },
  { id: "3", text: "cook" },
];

/** Someone with an app, and a database of two collections beside those of RxDB itself. */
async function withDatabase(name = "list"): Promise<{ person: TestUser; app: TestApp }> {
  const person = await createUser();
  const app = await connectApp(person);
  await storeDatabase(app, "todos", name, {
    tasks: TASKS,
    labels: [{ id: "red", text: "red" }],
    _rxdb_internal: [{ id: "token", text: "1" }],
    "plugin-local-documents-tasks": [{ id: "local", text: "1" }],
  });
  return { person, app };
}

const pathOf = (name: string, module = "todos"): string =>
  `/data/database?${new URLSearchParams({ module, name })}`;

describe("The databases on the data page", () => {
  it("stand there by module, with the documents and bytes of each collection", async () => {
    const { person, app } = await withDatabase();
    await storeDatabase(app, "notes", "another", { pages: TASKS.slice(0, 1) });
    const html = await (await open(person)).text();
    const text = mainText(html);
    expect(text).toMatch(
      /In the module notes another \(\S+ bytes\) Collection Documents Size pages 1 \S+ bytes/,
    );
    expect(text).toMatch(
      /In the module todos list \(2\d(\.\d)? kB\) Collection Documents Size labels 1 \S+ bytes tasks 3 2\d(\.\d)? kB Of RxDB itself \S+ bytes/,
    );
    expect(text).not.toContain("_rxdb_internal");
    expect(text).not.toContain("plugin-local");
    expect(findInlineCode(html)).toEqual([]);
    const links = findElements(html, "a").map(({ href }) => href?.replaceAll("&amp;", "&"));
    expect(links).toContain(pathOf("list"));
  });

  it("are told in German to who reads German", async () => {
    const { person } = await withDatabase();
    const text = await textOf(person, "de");
    expect(text).toContain("Im Modul todos");
    expect(text).toContain("Von RxDB selbst");
    expect(text).not.toMatch(/\b(your|the|and|of)\b/i);
  });

  it("are text, whatever an app calls them", async () => {
    const name = '<script>alert("1")</script>&x=y/..?#';
    const { person } = await withDatabase(name);
    const html = await (await open(person)).text();
    expect(findInlineCode(html)).toEqual([]);
    expect(mainText(html)).toContain(name);
    const question = await open(person, pathOf(name));
    expect([question.status, findInlineCode(await question.text())]).toEqual([200, []]);
    expect((await sendForm(pathOf(name), {}, { cookie: person.cookie })).status).toBe(303);
    expect(await textOf(person)).not.toContain("In the module");
  });

  it("are nobody else's", async () => {
    await withDatabase("secret-hobby");
    expect(await textOf(await createUser())).not.toContain("secret-hobby");
  });
});

describe("Deleting a database", () => {
  it("asks once, and says that it is for good", async () => {
    const { person } = await withDatabase();
    const before = await textOf(person);
    const text = mainText(await (await open(person, pathOf("list"))).text());
    expect(text).toContain("Delete this database? The database list in the module todos.");
    expect(text).toMatch(/Documents: 4; 2\d(\.\d)? kB in all\./);
    expect(text).toContain("This cannot be undone.");
    expect(await textOf(person)).toBe(before);
  });

  it("deletes that one alone, and stands in the activity", async () => {
    const { person, app } = await withDatabase();
    await storeDatabase(app, "todos", "other", { tasks: TASKS });
    await storeDatabase(app, "notes", "list", { pages: TASKS });
    const { person: stranger } = await withDatabase();
    const response = await sendForm(pathOf("list"), {}, { cookie: person.cookie });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/data"]);
    const text = await textOf(person);
    expect(text).toMatch(/In the module notes list \(/);
    expect(text).toMatch(/In the module todos other \(/);
    expect(text).not.toContain("labels");
    expect(await textOf(stranger)).toContain("labels");
    expect((await activityRows(person.name)).at(-1)).toEqual({
      kind: "database-deleted",
      module: "todos",
      name: "list",
    });
    expect((await sendForm(pathOf("list"), {}, { cookie: person.cookie })).status).toBe(404);
  });

  it("is refused where another site sends the form", async () => {
    const { person } = await withDatabase();
    const before = await textOf(person);
    const headers = { Cookie: person.cookie, Origin: "https://evil.example" };
    expect((await send(pathOf("list"), { method: "POST", headers })).status).toBe(403);
    expect(await textOf(person)).toBe(before);
  });
});

/** What takes everything from an app that was allowed by the implicit flow. */
const ENDS: [string, (person: TestUser, app: TestApp) => Promise<Response>][] = [
  [
    "the app is disconnected",
    ({ cookie }) =>
      sendForm(`/apps/disconnect?app=${encodeURIComponent(APP_ORIGIN)}`, {}, { cookie }),
  ],
  ["all apps are", ({ cookie }) => sendForm("/apps/disconnect-all", {}, { cookie })],
  ["RFC 7009 its token is given back", (_, { token }) => revoke({ token })],
  ["the account is suspended", ({ name }) => actOn(admin, name, "suspend")],
  [
    "its owner deletes it",
    ({ name, cookie }) => sendForm("/settings/delete", { name }, { cookie }),
  ],
  ["an administrator deletes it", ({ name }) => actOn(admin, name, "delete", { name })],
];

describe.each(ENDS)("When %s", (_, act) => {
  it("the sockets that it has open are closed, and no others", async () => {
    const { person, app } = await withDatabase();
    const other = await withDatabase();
    const socket = await openSocket(app, "todos");
    const others = await openSocket(other.app, "todos");
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    expect((await act(person, app)).status).toBeLessThan(400);
    await closed;
    expect(others.readyState).toBe(WebSocket.OPEN);
    others.close();
  });
});

describe("When an app may only read from now on", () => {
  it("the socket that it has open stays, and writes are refused on it", async () => {
    const { person, app } = await withDatabase();
    const socket = await openSocket(app, "todos");
    const [create, write] = storingFrames("list", { tasks: [{ id: "4", text: "write" }] });
    await exchange(socket, [create as object]);
    const before = await textOf(person);
    const path = `/apps/app?id=${encodeURIComponent(APP_ORIGIN)}`;
    const form = { "level:*": "r", end: "keep" };
    expect((await sendForm(path, form, { cookie: person.cookie })).status).toBe(303);
    await exchange(socket, [create as object]);
    await expect(exchange(socket, [write as object])).rejects.toThrow("insufficient-scope");
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(await textOf(person)).toBe(before);
    socket.close();
  });
});

describe("With the account", () => {
  it("go its databases: nothing is left in their objects, and those of others stay", async () => {
    const { person, app } = await withDatabase();
    await storeDatabase(app, "notes", "another", { pages: TASKS });
    const other = await withDatabase();
    const othersText = await textOf(other.person);
    const account = await accountId(person.name);
    await sendForm("/settings/delete", { name: person.name }, { cookie: person.cookie });
    await ring(person.name);
    advanceClock(longestRequestMs(env) + MINUTE_MS);
    await ring(person.name);
    await expectErased(person.name, account);
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
    expect(await textOf(other.person)).toBe(othersText);
  });

  it("nobody gets in any more to make a new one", async () => {
    const { person, app } = await withDatabase();
    await sendForm("/settings/delete", { name: person.name }, { cookie: person.cookie });
    await expect(storeDatabase(app, "later", "new", { pages: TASKS })).rejects.toThrow();
    const { results } = await env.DB.prepare(
      "SELECT * FROM rxdb_modules WHERE module = 'later'",
    ).all();
    expect(results).toEqual([]);
  });
});
