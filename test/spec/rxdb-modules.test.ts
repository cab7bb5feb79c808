/** What the databases of RxDB apps mean to the rest of the house: room, grants, accounts, pages. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_MODULES, openModule } from "../../src/modules/modules";
import { actOn, administrator, open as openPage } from "../support/admin";
import { allowDevice, poll, startDevice } from "../support/devices";
import { cutting } from "../support/faults";
import { findElements, mainText } from "../support/html";
import { askedOfModules, modulesOf, reserve } from "../support/modules";
import { allowCode, redeem, refresh, revoke, tokensIn, tokensOf } from "../support/oauth";
import { accountId, allRows, grantRows } from "../support/rows";
import { setQuota, unchanged } from "../support/storage";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  createUserWithApp,
  ORIGIN,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";

let admin: TestUser;
beforeAll(async () => {
  admin = await administrator();
});

describe("A module", () => {
  const openFor = async (user: string, module: string) =>
    openModule(env, await accountId(user), module);

  it("is opened once, however often an app comes in", async () => {
    const { name } = await createUser();
    expect(await openFor(name, "todos")).toBe("open");
    await reserve(name, "todos", 500);
    const before = await allRows();
    expect(await openFor(name, "todos")).toBe("open");
    expect(await allRows()).toEqual(before);
  });

  it("is not opened for an account that is deleted, or that never was", async () => {
    const { name, cookie } = await createUser();
    await sendForm("/settings/delete", { name }, { cookie });
    expect(await openFor(name, "todos")).toBe("closed");
    expect(await openModule(env, "nobody", "todos")).toBe("closed");
    expect(await modulesOf(name)).toEqual([]);
  });

  it("is one of a hundred at most; those that are open stay so, and others have their own", async () => {
    const [{ name }, other] = [await createUser(), await createUser()];
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_MODULES})
       INSERT INTO rxdb_modules SELECT ?, 'm' || i, 0 FROM n`,
    )
      .bind(await accountId(name))
      .run();
    expect(await openFor(name, "one-more")).toBe("full");
    expect(await openFor(name, "m7")).toBe("open");
    expect(await openFor(other.name, "one-more")).toBe("open");
    expect(await modulesOf(name)).toHaveLength(MAX_MODULES);
  });
});

describe("The quota", () => {
  const quotaOf = async ({ user, token }: TestApp): Promise<unknown> =>
    (await send(`/quota/${user}`, { headers: { Authorization: `Bearer ${token}` } })).json();

  it("is shared by documents and databases", async () => {
    const app = await createUserWithApp();
    await setQuota(app, 1000);
    await app.put("/notes/a", "x".repeat(300));
    await reserve(app.user, "todos", 400);
    await reserve(app.user, "notes", 100);
    const expected = { quotaBytes: 1000, usedBytes: 800, availableBytes: 200, documents: 1 };
    expect(await quotaOf(app)).toEqual(expected);
    await unchanged(app, async () => {
      expect((await app.put("/notes/b", "x".repeat(201))).status).toBe(507);
      expect((await app.put("/notes/a", "x".repeat(501))).status).toBe(507);
    });
    expect((await app.put("/notes/b", "x".repeat(200))).status).toBe(201);
    expect(await quotaOf(app)).toMatchObject({ usedBytes: 1000, availableBytes: 0 });
  });

  it("that databases have used up still lets documents shrink and go", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "12345");
    await reserve(app.user, "todos", 2000);
    await setQuota(app, 1000);
    expect((await app.put("/notes/a", "123456")).status).toBe(507);
    expect((await app.put("/notes/a", "1234")).status).toBe(200);
    expect((await app.delete("/notes/a")).status).toBe(200);
  });

  it("is not used up by the databases of others", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    await setQuota(app, 10);
    await reserve(other.user, "notes", 1e9);
    expect((await app.put("/notes/a", "1234567890")).status).toBe(201);
    expect(await quotaOf(app)).toMatchObject({ usedBytes: 10 });
  });

  it("shows administrators the bytes of both, in the account and in all, and names no module", async () => {
    const textOf = async (path: string) => mainText(await (await openPage(admin, path)).text());
    const app = await createUserWithApp();
    await app.put("/notes/a", "x".repeat(2000));
    await reserve(app.user, "secret-hobby", 1_000_000);
    const text = await textOf(`/admin/accounts/${app.user}`);
    expect(text).toMatch(/\b1 MB\b/);
    expect(text).not.toContain("secret-hobby");
    const before = await textOf("/admin");
    await reserve(app.user, "secret-hobby", 7e12);
    const after = await textOf("/admin");
    expect(after).not.toBe(before);
    expect(after).toMatch(/\b7 TB\b/);
  });
});

/** What ends or cuts a grant: done to somebody with an app of the implicit flow. */
const ENDS: [string, (person: TestUser, app: TestApp) => Promise<() => Promise<Response>>][] = [
  [
    "an app is disconnected",
    async ({ cookie }) =>
      () =>
        sendForm(`/apps/disconnect?${new URLSearchParams({ app: APP_ORIGIN })}`, {}, { cookie }),
  ],
  [
    "all apps are",
    async ({ cookie }) =>
      () =>
        sendForm("/apps/disconnect-all", {}, { cookie }),
  ],
  [
    "an app may do less",
    async ({ cookie }) =>
      () =>
        sendForm(
          `/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`,
          { "level:*": "r", end: "keep" },
          { cookie },
        ),
  ],
  [
    "an app may stay less long",
    async ({ cookie }) =>
      () =>
        sendForm(
          `/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`,
          { "level:*": "rw", end: "day" },
          { cookie },
        ),
  ],
  ["RFC 7009 an access token is given back", async (_, app) => () => revoke({ token: app.token })],
  [
    "RFC 7009 a refresh token is given back",
    async (person) => {
      const { refresh_token } = await tokensOf(person);
      return () => revoke({ token: refresh_token });
    },
  ],
  [
    "RFC 6749 §4.1.2 a code comes a second time",
    async (person) => {
      const code = await allowCode(person);
      await tokensIn(await redeem(code));
      return () => redeem(code);
    },
  ],
  [
    "a refresh token comes a second time",
    async (person) => {
      const { refresh_token } = await tokensOf(person);
      await refresh(refresh_token);
      return () => refresh(refresh_token);
    },
  ],
  [
    "a device code comes a second time",
    async (person) => {
      const device = await startDevice();
      await allowDevice(person, device);
      await tokensIn(await poll(device));
      return () => poll(device);
    },
  ],
  [
    "the account is suspended",
    async ({ name }) =>
      () =>
        actOn(admin, name, "suspend"),
  ],
  [
    "its owner deletes it",
    async ({ name, cookie }) =>
      () =>
        sendForm("/settings/delete", { name }, { cookie }),
  ],
  [
    "an administrator deletes it",
    async ({ name }) =>
      () =>
        actOn(admin, name, "delete", { name }),
  ],
];

describe.each(ENDS)("When %s", (_, ready) => {
  it("every module of the person looks again at its grants, and no other", async () => {
    const [person, other] = [await createUser(), await createUser()];
    await reserve(other.name, "todos");
    const act = await ready(person, await connectApp(person));
    await reserve(person.name, "notes");
    await reserve(person.name, "todos");
    const asked = await askedOfModules(person.name, act);
    expect(asked).toEqual(["notes recheck", "todos recheck"]);
  });

  it("it is done all the same where they do not answer", async () => {
    const standing = async ({ name }: TestUser) =>
      (await grantRows(name)).map(({ scope, expires_at }) => [scope, expires_at === null]);
    const [person, twin] = [await createUser(), await createUser()];
    const acts = [];
    for (const one of [person, twin]) {
      acts.push(await ready(one, await connectApp(one)));
      await reserve(one.name, "notes");
    }
    const [act, sameAct] = acts as [() => Promise<Response>, () => Promise<Response>];
    const { calls, result } = await cutting(null, act);
    const at = calls.indexOf("MODULES.recheck");
    expect(at).toBeGreaterThan(0);
    const cut = { at, trouble: "lost", isMade: false, lasts: true } as const;
    const seen = await cutting(cut, sameAct);
    expect(seen.result.status).toBe(result.status);
    expect(seen.calls.filter((call) => call === "MODULES.recheck")).toHaveLength(3);
    expect(await standing(twin)).toEqual(await standing(person));
  });
});

describe("The data page", () => {
  const dataOf = async ({ cookie }: TestUser, language = "en"): Promise<string> => {
    const headers = { Cookie: cookie, "Accept-Language": language };
    return (await send("/data", { headers })).text();
  };

  it("counts the databases of a module beside its documents", async () => {
    const person = await createUser();
    const app = await connectApp(person);
    await app.put("/notes/a", "x".repeat(1500));
    await app.put("/in-root", "12");
    await reserve(person.name, "notes", 4000);
    await reserve(person.name, "todos", 3000);
    await reserve(person.name, "unused");
    const html = await dataOf(person);
    const text = mainText(html);
    expect(text).toContain("Module Private Public Databases Documents");
    expect(text).toContain("notes 1.5 kB 0 bytes 4 kB 1");
    expect(text).toContain("todos 0 bytes 0 bytes 3 kB 0");
    expect(text).toContain("8.5 kB of 1.1 GB are in use.");
    expect(text).not.toContain("unused");
    const bar = findElements(html, "svg").find(({ role }) => role === "img");
    expect(bar?.["aria-label"]).toBe(
      "Use of the storage by module: notes 5.5 kB, todos 3 kB, Outside of modules 2 bytes",
    );
    const home = await (await send("/", { headers: { Cookie: person.cookie } })).text();
    expect(mainText(home)).toContain("You use 8.5 kB of 1.1 GB.");
  });

  it("shows a module that does not answer as such, and everything else", async () => {
    const person = await createUser();
    await (await connectApp(person)).put("/notes/a", "12345");
    await reserve(person.name, "todos", 3000);
    const { calls } = await cutting(null, () => dataOf(person));
    const at = calls.indexOf("MODULES.inventory");
    const cut = { at, trouble: "broken", lasts: true } as const;
    for (const [language, words] of [
      ["en", "In the module todos What is in here cannot be shown at the moment."],
      ["de", "Im Modul todos Was hier liegt, lässt sich gerade nicht zeigen."],
    ] as const) {
      const { result } = await cutting(cut, () => dataOf(person, language));
      expect(mainText(result)).toContain(words);
      expect(mainText(result)).toContain("notes");
    }
  });
});

describe("Deleting a database", () => {
  const PATH = "/data/database?module=todos&name=list";

  it("asks who is signed in for a fresh proof first", async () => {
    const person = await createUser();
    await reserve(person.name, "todos", 3000);
    for (const method of ["GET", "POST"]) {
      const headers = { Origin: ORIGIN };
      const stranger = await send(PATH, { method, headers });
      expect(stranger.headers.get("location")).toContain("/sign-in?");
    }
    await env.DB.prepare("UPDATE sessions SET proved_at = 0").run();
    const asked = await askedOfModules(person.name, async () => {
      for (const method of ["GET", "POST"]) {
        const response = await send(PATH, {
          method,
          headers: { Cookie: person.cookie, Origin: ORIGIN },
        });
        expect(response.headers.get("location")).toContain("/confirm?");
      }
    });
    expect(asked).toEqual([]);
  });

  it("that is not there, or of another person, is a page that says so", async () => {
    const [person, other] = [await createUser(), await createUser()];
    await reserve(other.name, "todos", 3000);
    const before = await allRows();
    const asked = await askedOfModules(other.name, async () => {
      const page = await send(PATH, { headers: { Cookie: person.cookie } });
      expect([page.status, mainText(await page.text())]).toEqual([
        404,
        expect.stringContaining("No such database"),
      ]);
      expect((await sendForm(PATH, {}, { cookie: person.cookie })).status).toBe(404);
    });
    expect(asked).toEqual([]);
    expect(await allRows()).toEqual(before);
  });
});
