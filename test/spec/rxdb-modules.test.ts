/** Modules with RxDB databases, seen from outside: quota, grants, accounts and pages. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { maxModules, openModule } from "../../src/modules/modules";
import { createAdministrator, openPage, submitAction } from "../support/admin";
import { allowDevice, pollDevice, startDevice } from "../support/devices";
import { withFault } from "../support/fault-injection";
import { findElements, mainText } from "../support/html";
import { indexBytesOf } from "../support/index-bytes";
import { callsToModules, moduleNames, openModuleWithBytes } from "../support/modules";
import {
  obtainCode,
  obtainTokens,
  parseTokens,
  redeemCode,
  refreshTokens,
  revokeToken,
} from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  createUserWithApp,
  fragmentParameters,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, allRows, grantRows } from "../support/rows";
import { expectUnchanged, setQuota } from "../support/storage";

let admin: TestUser;
beforeAll(async () => {
  admin = await createAdministrator();
});

describe("A module", () => {
  const openFor = async (user: string, module: string) =>
    openModule(env, await accountId(user), module);

  it("is opened once, however often apps connect", async () => {
    const { name } = await createUser();
    expect(await openFor(name, "todos")).toBe("open");
    await openModuleWithBytes(name, "todos", 500);
    const before = await allRows();
    expect(await openFor(name, "todos")).toBe("open");
    expect(await allRows()).toEqual(before);
  });

  it("is not opened for an account that is deleted, or that never existed", async () => {
    const { name, cookie } = await createUser();
    await sendForm("/settings/delete", { name }, { cookie });
    expect(await openFor(name, "todos")).toBe("closed");
    expect(await openModule(env, "nobody", "todos")).toBe("closed");
    expect(await moduleNames(name)).toEqual([]);
  });

  it("is one of at most a hundred per account; those that are open stay open", async () => {
    const [{ name }, other] = [await createUser(), await createUser()];
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${maxModules(env)})
       INSERT INTO rxdb_modules SELECT ?, 'm' || i, 0 FROM n`,
    )
      .bind(await accountId(name))
      .run();
    expect(await openFor(name, "one-more")).toBe("full");
    expect(await openFor(name, "m7")).toBe("open");
    expect(await openFor(other.name, "one-more")).toBe("open");
    expect(await moduleNames(name)).toHaveLength(maxModules(env));
  });
});

describe("The quota", () => {
  const quotaOf = async ({ user, token }: TestApp): Promise<unknown> =>
    (await send(`/quota/${user}`, { headers: { Authorization: `Bearer ${token}` } })).json();

  it("is shared by documents and databases", async () => {
    const app = await createUserWithApp();
    const indexBytes = indexBytesOf(["/notes/a"]);
    const rowOfB = indexBytesOf(["/notes/a", "/notes/b"]) - indexBytes;
    await setQuota(app, 1000 + indexBytes + rowOfB);
    await app.put("/notes/a", "x".repeat(300));
    await openModuleWithBytes(app.user, "todos", 400);
    await openModuleWithBytes(app.user, "notes", 100);
    expect(await quotaOf(app)).toMatchObject({
      usedBytes: 800 + indexBytes,
      availableBytes: 200 + rowOfB,
      documents: 1,
    });
    await expectUnchanged(app, async () => {
      expect((await app.put("/notes/b", "x".repeat(201))).status).toBe(507);
      expect((await app.put("/notes/a", "x".repeat(501 + rowOfB))).status).toBe(507);
    });
    expect((await app.put("/notes/b", "x".repeat(200))).status).toBe(201);
    expect(await quotaOf(app)).toMatchObject({ availableBytes: 0 });
  });

  it("that databases have used up still lets documents shrink and be deleted", async () => {
    const app = await createUserWithApp();
    await app.put("/notes/a", "12345");
    await openModuleWithBytes(app.user, "todos", 2000);
    await setQuota(app, 1000);
    expect((await app.put("/notes/a", "123456")).status).toBe(507);
    expect((await app.put("/notes/a", "1234")).status).toBe(200);
    expect((await app.delete("/notes/a")).status).toBe(200);
  });

  it("is not used up by the databases of other users", async () => {
    const [app, other] = [await createUserWithApp(), await createUserWithApp()];
    await setQuota(app, 10 + indexBytesOf(["/notes/a"]));
    await openModuleWithBytes(other.user, "notes", 1e9);
    expect((await app.put("/notes/a", "1234567890")).status).toBe(201);
    expect(await quotaOf(app)).toMatchObject({ usedBytes: 10 + indexBytesOf(["/notes/a"]) });
  });

  it("shows administrators the bytes of both, per account and in total, but no module names", async () => {
    const textOf = async (path: string) => mainText(await (await openPage(admin, path)).text());
    const app = await createUserWithApp();
    await app.put("/notes/a", "x".repeat(2000));
    await openModuleWithBytes(app.user, "secret-hobby", 1_000_000);
    const text = await textOf(`/admin/accounts/${app.user}`);
    expect(text).toMatch(/\b1 MB\b/);
    expect(text).not.toContain("secret-hobby");
    const before = await textOf("/admin");
    await openModuleWithBytes(app.user, "secret-hobby", 7e12);
    const after = await textOf("/admin");
    expect(after).not.toBe(before);
    expect(after).toMatch(/\b7 TB\b/);
  });
});

/** What ends or narrows a grant of an app that uses the implicit flow. Each prepares its request. */
const REVOCATIONS: [string, (user: TestUser, app: TestApp) => Promise<() => Promise<Response>>][] =
  [
    [
      "an app is disconnected",
      async ({ cookie }) =>
        () =>
          sendForm(`/apps/disconnect?${new URLSearchParams({ app: APP_ORIGIN })}`, {}, { cookie }),
    ],
    [
      "all apps are disconnected",
      async ({ cookie }) =>
        () =>
          sendForm("/apps/disconnect-all", {}, { cookie }),
    ],
    [
      "an app's permissions are reduced",
      async ({ cookie }) =>
        () =>
          sendForm(
            `/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`,
            { "level:*": "r", end: "keep" },
            { cookie },
          ),
    ],
    [
      "an app's access is to expire sooner",
      async ({ cookie }) =>
        () =>
          sendForm(
            `/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`,
            { "level:*": "rw", end: "day" },
            { cookie },
          ),
    ],
    [
      "RFC 7009 an access token is revoked",
      async (_, app) => () => revokeToken({ token: app.token }),
    ],
    [
      "RFC 7009 a refresh token is revoked",
      async (user) => {
        const { refresh_token } = await obtainTokens(user);
        return () => revokeToken({ token: refresh_token });
      },
    ],
    [
      "RFC 6749 §4.1.2 a code is used again after its refresh token",
      async (user) => {
        const code = await obtainCode(user);
        const { refresh_token } = await parseTokens(await redeemCode(code));
        await refreshTokens(refresh_token);
        return () => redeemCode(code);
      },
    ],
    [
      "a refresh token is used again after its successor",
      async (user) => {
        const { refresh_token } = await obtainTokens(user);
        const next = await parseTokens(await refreshTokens(refresh_token));
        await refreshTokens(next.refresh_token);
        return () => refreshTokens(refresh_token);
      },
    ],
    [
      "a device code is used again after its refresh token",
      async (user) => {
        const device = await startDevice();
        await allowDevice(user, device);
        const { refresh_token } = await parseTokens(await pollDevice(device));
        await refreshTokens(refresh_token);
        return () => pollDevice(device);
      },
    ],
    [
      "the account is suspended",
      async ({ name }) =>
        () =>
          submitAction(admin, name, "suspend"),
    ],
    [
      "the user deletes the account",
      async ({ name, cookie }) =>
        () =>
          sendForm("/settings/delete", { name }, { cookie }),
    ],
    [
      "an administrator deletes the account",
      async ({ name }) =>
        () =>
          submitAction(admin, name, "delete", { name }),
    ],
  ];

describe.each(REVOCATIONS)("When %s", (_, prepare) => {
  it("every module of the user checks its grants again, and no other module", async () => {
    const [user, other] = [await createUser(), await createUser()];
    await openModuleWithBytes(other.name, "todos");
    const request = await prepare(user, await connectApp(user));
    await openModuleWithBytes(user.name, "notes");
    await openModuleWithBytes(user.name, "todos");
    const calls = await callsToModules(user.name, request);
    expect(calls).toEqual(["notes recheck", "todos recheck"]);
  });

  it("it is done even if the modules do not answer", async () => {
    const grantsAfter = async ({ name }: TestUser) =>
      (await grantRows(name)).map(({ scope, expires_at }) => [scope, expires_at === null]);
    const [user, twin] = [await createUser(), await createUser()];
    const requests = [];
    for (const one of [user, twin]) {
      requests.push(await prepare(one, await connectApp(one)));
      await openModuleWithBytes(one.name, "notes");
    }
    const [request, sameRequest] = requests as [() => Promise<Response>, () => Promise<Response>];
    const { calls, result } = await withFault(null, request);
    const at = calls.indexOf("MODULES.recheck");
    expect(at).toBeGreaterThan(0);
    const fault = { at, kind: "lost", takesEffect: false, isPermanent: true } as const;
    const seen = await withFault(fault, sameRequest);
    expect(seen.result.status).toBe(result.status);
    expect(seen.calls.filter((call) => call === "MODULES.recheck")).toHaveLength(3);
    expect(await grantsAfter(twin)).toEqual(await grantsAfter(user));
  });
});

describe("A module in which several apps have sessions", () => {
  it("checks their grants with as many calls as for one app, when another one is disconnected", async () => {
    const openSession = async ({ user, token }: TestApp) => {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await send(`/rxdb/${user}/todos/session`, { method: "POST", headers });
      expect(response.status).toBe(201);
    };
    const callsFor = async (names: string[]): Promise<string[]> => {
      const user = await createUser();
      await openSession(await connectApp(user));
      for (const name of names) {
        const query = { scope: "todos:rw", redirect_uri: `https://${name}.example/` };
        const { access_token = "" } = fragmentParameters(await submitConsent(user, query));
        await openSession(new TestApp(user.name, access_token));
      }
      const path = `/apps/disconnect?${new URLSearchParams({ app: APP_ORIGIN })}`;
      const { calls } = await withFault(null, () => sendForm(path, {}, { cookie: user.cookie }));
      expect(calls).toContain("MODULES.recheck");
      return calls.sort();
    };
    expect(await callsFor(["one", "two", "three"])).toEqual(await callsFor(["one"]));
  });
});

describe("The data page", () => {
  const dataOf = async ({ cookie }: TestUser, language = "en"): Promise<string> => {
    const headers = { Cookie: cookie, "Accept-Language": language };
    return (await send("/data", { headers })).text();
  };

  it("counts the databases of a module beside its documents", async () => {
    const user = await createUser();
    const app = await connectApp(user);
    await app.put("/notes/a", "x".repeat(1500));
    await app.put("/in-root", "12");
    await openModuleWithBytes(user.name, "notes", 4000);
    await openModuleWithBytes(user.name, "todos", 3000);
    await openModuleWithBytes(user.name, "unused");
    const html = await dataOf(user);
    const text = mainText(html);
    expect(text).toContain("Module Private Public Databases Documents");
    expect(text).toContain("notes 1.5 kB 0 bytes 4 kB 1");
    expect(text).toContain("todos 0 bytes 0 bytes 3 kB 0");
    expect(text).toContain("8.9 kB of 1.1 GB used, 1.1 GB free.");
    expect(text).not.toContain("unused");
    const bar = findElements(html, "svg").find(({ role }) => role === "img");
    expect(bar?.["aria-label"]).toBe(
      "Usage by module: notes 5.5 kB, todos 3 kB, Outside modules 2 bytes, Index of names and folders 427 bytes",
    );
    const home = await (await send("/", { headers: { Cookie: user.cookie } })).text();
    expect(mainText(home)).toContain("8.9 kB of 1.1 GB used.");
  });

  it("shows a module that does not answer as such, and everything else normally", async () => {
    const user = await createUser();
    await (await connectApp(user)).put("/notes/a", "12345");
    await openModuleWithBytes(user.name, "todos", 3000);
    const { calls } = await withFault(null, () => dataOf(user));
    const at = calls.indexOf("MODULES.inventory");
    const fault = { at, kind: "broken", isPermanent: true } as const;
    for (const [language, words] of [
      ["en", "Module todos These databases can’t be shown right now."],
      ["de", "Modul todos Diese Datenbanken lassen sich gerade nicht anzeigen."],
    ] as const) {
      const { result } = await withFault(fault, () => dataOf(user, language));
      expect(mainText(result)).toContain(words);
      expect(mainText(result)).toContain("notes");
    }
  });
});

describe("Deleting a database", () => {
  const PATH = "/data/database?module=todos&name=list";

  it("requires a recent sign-in first", async () => {
    const user = await createUser();
    await openModuleWithBytes(user.name, "todos", 3000);
    for (const method of ["GET", "POST"]) {
      const headers = { Origin: ORIGIN };
      const anonymous = await send(PATH, { method, headers });
      expect(anonymous.headers.get("location")).toContain("/sign-in?");
    }
    await env.DB.prepare("UPDATE sessions SET proved_at = 0").run();
    const calls = await callsToModules(user.name, async () => {
      for (const method of ["GET", "POST"]) {
        const response = await send(PATH, {
          method,
          headers: { Cookie: user.cookie, Origin: ORIGIN },
        });
        expect(response.headers.get("location")).toContain("/confirm?");
      }
    });
    expect(calls).toEqual([]);
  });

  it("that does not exist, or is another user's, gets a page that says so", async () => {
    const [user, other] = [await createUser(), await createUser()];
    await openModuleWithBytes(other.name, "todos", 3000);
    const before = await allRows();
    const calls = await callsToModules(other.name, async () => {
      const page = await send(PATH, { headers: { Cookie: user.cookie } });
      expect([page.status, mainText(await page.text())]).toEqual([
        404,
        expect.stringContaining("Database not found"),
      ]);
      expect((await sendForm(PATH, {}, { cookie: user.cookie })).status).toBe(404);
    });
    expect(calls).toEqual([]);
    expect(await allRows()).toEqual(before);
  });
});
