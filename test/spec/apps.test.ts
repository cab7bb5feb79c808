/** The pages of connected apps: usage, reducing access, disconnecting, tokens created by hand. */

import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import worker from "../../src/index";
import { advanceClock, DAY_MS, MINUTE_MS, SECOND_MS } from "../support/clock";
import { DEVICE_NAME, obtainDeviceTokens } from "../support/devices";
import { findElements, findInlineCode, mainText } from "../support/html";
import {
  appWithTokens,
  codeFlowQuery,
  oauthError,
  obtainCode,
  obtainTokens,
  parseTokens,
  redeemCode,
  refreshTokens,
} from "../support/oauth";
import {
  APP_ORIGIN,
  authorizeUrl,
  connectApp,
  connectAppByForm,
  createUser,
  fragmentParameters,
  locationOf,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, activityRows, allRows, grantRows } from "../support/rows";
import { hosts } from "../support/urls";

const OTHER = "https://other.example";

const open = (user: TestUser, path: string): Promise<Response> =>
  send(path, { headers: { Cookie: user.cookie } });

const textOf = async (user: TestUser, path = "/apps"): Promise<string> =>
  mainText(await (await open(user, path)).text());

const appPath = (app: string): string => `/apps/app?${new URLSearchParams({ id: app })}`;

/** Sends the permissions form of an app, without changes except those in `fields`. */
const changePermissions = (
  user: TestUser,
  fields: Record<string, string>,
  app: string = APP_ORIGIN,
): Promise<Response> => sendForm(appPath(app), { end: "keep", ...fields }, { cookie: user.cookie });

const disconnect = (user: TestUser, app: string): Promise<Response> =>
  sendForm(`/apps/disconnect?${new URLSearchParams({ app })}`, {}, { cookie: user.cookie });

const connectAt = async (user: TestUser, redirect_uri: string, scope: string): Promise<TestApp> => {
  const { access_token } = fragmentParameters(await submitConsent(user, { redirect_uri, scope }));
  return new TestApp(user.name, access_token ?? "");
};

describe("The page of all connected apps", () => {
  it.each([
    "/apps",
    "/apps/app?id=x",
    "/apps/disconnect?app=x",
    "/apps/disconnect-all",
    "/apps/tokens",
  ])("%s requires a sign-in", async (path) => {
    const before = await allRows();
    for (const response of [await send(path), await sendForm(path, {})]) {
      if (response.status === 404) continue; // no form
      const target = new URL(response.headers.get("location") ?? "", ORIGIN);
      expect([response.status, target.pathname]).toEqual([303, "/sign-in"]);
    }
    expect(await allRows()).toEqual(before);
  });

  it("says what to do next if no app is connected", async () => {
    const html = await (await open(await createUser(), "/apps")).text();
    expect(mainText(html)).toContain("No apps are connected yet");
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(expect.arrayContaining(["/", "/device", "/apps/tokens"]));
    expect(links).not.toContain("/apps/disconnect-all");
  });

  it("lists each app once, with its permissions, its type, and when its access began and ends", async () => {
    const user = await createUser();
    await connectApp(user, "notes:rw");
    await obtainTokens(user, "photos:r", { duration: "month" });
    await connectAt(user, `${OTHER}/deep/path?x`, "*:r");
    await obtainDeviceTokens(user, "mail:r");
    const html = await (await open(user, "/apps")).text();
    const text = mainText(html);
    expect(text.split(APP_ORIGIN)).toHaveLength(2);
    expect(text).toMatch(
      /app\.example notes \(read and write\), photos \(read only\) · Browser app; App that can renew its access Connected .* · Access until you disconnect it/,
    );
    expect(text).toMatch(/other\.example all data \(read only\)/);
    expect(text).toMatch(/Living room TV mail \(read only\) · Device that you connected/);
    const address = encodeURIComponent(`${user.name}@satchel.example`);
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links, "§11 storage first").toContain(`${OTHER}/#remotestorage=${address}`);
    const labels = findElements(html, "a").map((link) => link["aria-label"]);
    expect(labels).toEqual(
      expect.arrayContaining([APP_ORIGIN, OTHER, DEVICE_NAME].map((name) => `Disconnect ${name}`)),
    );
    expect(findInlineCode(html)).toEqual([]);
  });

  it.each([
    ["an app at the root", { redirect_uri: OTHER }, `${OTHER}/`],
    ["a callback page", { redirect_uri: `${OTHER}/oauth/callback?a` }, `${OTHER}/`],
    ["an app in a folder", { redirect_uri: `${OTHER}/notes/?a` }, `${OTHER}/notes/`],
    ["an HTML page", { redirect_uri: `${OTHER}/app.html` }, `${OTHER}/app.html`],
    [
      "a callback of an app that says where it is",
      { redirect_uri: `${OTHER}/notes/cb`, client_id: `${OTHER}/notes` },
      `${OTHER}/notes`,
    ],
    [
      "a callback, and a client_id on another site",
      { redirect_uri: `${OTHER}/cb`, client_id: "https://evil.example/notes/" },
      `${OTHER}/`,
    ],
  ])("§11 opens %s where the app is", async (_, query, url) => {
    const user = await createUser();
    await parseTokens(
      await redeemCode(await obtainCode(user, { ...query, scope: "notes:r" }), {
        redirect_uri: query.redirect_uri,
      }),
    );
    await submitConsent(user, { ...query, scope: "notes:r" });
    const rows = await env.DB.prepare(
      "SELECT app_url FROM grants WHERE account = (SELECT id FROM accounts WHERE name = ?)",
    )
      .bind(user.name)
      .all();
    expect(rows.results).toEqual([{ app_url: url }, { app_url: url }]);
    const links = findElements(await (await open(user, "/apps")).text(), "a");
    const address = encodeURIComponent(`${user.name}@satchel.example`);
    expect(links.map(({ href }) => href)).toContain(`${url}#remotestorage=${address}`);
  });

  it("RFC 8252 §7.3 lists a program at loopback ports once, by the name that it gives itself", async () => {
    const user = await createUser();
    const connect = async (port: number, client_id: string) => {
      const redirect_uri = `http://127.0.0.1:${port}/cb`;
      const code = await obtainCode(user, { redirect_uri, client_id, scope: "notes:rw" });
      return appWithTokens(user, await parseTokens(await redeemCode(code, { redirect_uri })));
    };
    const first = await connect(50001, "sync tool");
    const second = await connect(50002, "sync tool");
    const other = await connect(50003, "backup");
    const site = await connect(50004, "http://127.0.0.1:50004");
    const html = await (await open(user, "/apps")).text();
    const text = mainText(html);
    expect(text).not.toContain("50001");
    expect(text).toMatch(/127\.0\.0\.1:50002 .*your own computer; calls itself “sync tool”/);
    expect(text).toMatch(/127\.0\.0\.1:50003 .*calls itself “backup”/);
    const links = findElements(html, "a").map(({ href }) => href ?? "");
    expect(links.filter((href) => href.includes("127.0.0.1"))).toEqual([
      "/apps/app?id=http%3A%2F%2F127.0.0.1%3A50004",
      "/apps/disconnect?app=http%3A%2F%2F127.0.0.1%3A50004",
    ]);
    const consent = await textOf(
      user,
      authorizeUrl(user.name, { redirect_uri: "http://127.0.0.1:50005", client_id: "sync tool" }),
    );
    expect(consent).toMatch(/^http:\/\/127\.0\.0\.1:50005 wants.*calls itself “sync tool”/);
    expect(consent, "a name proves nothing").toContain("haven’t connected this app before");
    expect(consent).not.toContain("Already connected");

    const narrowed = await sendForm(
      "/apps/app?id=loopback+sync+tool",
      { "level:notes": "r", end: "keep" },
      { cookie: user.cookie },
    );
    expect(narrowed.status).toBe(303);
    for (const app of [first, second]) expect((await app.put("/notes/a", "x")).status).toBe(403);
    expect((await other.put("/notes/a", "x")).status).toBe(201);
    await disconnect(user, "loopback sync tool");
    for (const app of [first, second]) expect((await app.get("/notes/")).status).toBe(401);
    for (const app of [other, site]) expect((await app.get("/notes/")).status).toBe(200);
  });

  it("does not list apps of other users", async () => {
    const [user, other] = [await createUser(), await createUser()];
    await connectApp(other);
    expect(await textOf(user)).toContain("No apps are connected yet");
    expect((await open(user, appPath(APP_ORIGIN))).status).toBe(404);
  });

  it("is German for a browser that prefers German", async () => {
    const user = await createUser();
    await connectApp(user, "notes:r");
    const headers = { Cookie: user.cookie, "Accept-Language": "de" };
    const text = mainText(await (await send("/apps", { headers })).text());
    expect(text).toMatch(/^Verbundene Apps.*notes \(nur lesen\) · Browser-App Verbunden: /);
  });
});

describe("The usage of an app", () => {
  const storedUsage = async (user: TestUser): Promise<unknown[]> => {
    const rows = await env.DB.prepare(
      "SELECT requests, bytes FROM app_use WHERE account = ? ORDER BY day",
    )
      .bind(await accountId(user.name))
      .all();
    return rows.results;
  };

  it("counts requests and bytes of both directions; is shown at once, and stored once an hour", async () => {
    // At noon, so that an hour later it is the same day.
    advanceClock(DAY_MS - (Date.now() % DAY_MS) + DAY_MS / 2);
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    expect(await textOf(user)).toContain("Not used yet");
    await app.put("/notes/a", "x".repeat(1000), { "Content-Length": "1000" });
    await (await app.get("/notes/a")).text();
    await app.head("/notes/a");
    expect(await textOf(user)).toContain("3 requests and 2 kB in the last 30 days");
    expect(await storedUsage(user)).toEqual([{ requests: 1, bytes: 1000 }]);
    advanceClock(60 * MINUTE_MS);
    await app.head("/notes/a");
    expect(await storedUsage(user)).toEqual([{ requests: 4, bytes: 2000 }]);
    const html = await (await open(user, appPath(APP_ORIGIN))).text();
    const [chart] = findElements(html, "svg");
    expect(chart).toMatchObject({
      role: "img",
      "aria-label": expect.stringContaining("4 requests and 2 kB in the last 30 days; busiest day"),
    });
  });

  it("covers thirty days, today included", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    await app.get("/notes/");
    const row = { account: await accountId(user.name), day: Math.floor(Date.now() / DAY_MS) };
    const setBack = async (days: number) => {
      const use = "UPDATE app_use SET day = ?2, last_at = ?3 WHERE account = ?1";
      const day = row.day - days;
      await env.DB.prepare(use)
        .bind(row.account, day, day * DAY_MS)
        .run();
      return textOf(user);
    };
    expect(await setBack(29)).toContain(" · 1 request and");
    expect(await setBack(30)).toMatch(/Last used (?!.* in the last 30 days)/);
  });

  it("lists fifty apps on a page, each once, with its chart", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    await app.get("/notes/");
    const account = await accountId(user.name);
    const numbers = JSON.stringify(Array.from({ length: 60 }, (_, i) => i));
    const copy = (table: string, columns: string, copied: string) =>
      env.DB.prepare(
        `INSERT INTO ${table} (${columns})
         SELECT ${copied} FROM ${table} t, json_each(?2) WHERE t.account = ?1`,
      ).bind(account, numbers);
    const rest = "scope, flow, created_at";
    await env.DB.batch([
      copy(
        "app_use",
        "account, grant_id, day, requests, bytes, last_at",
        "account, grant_id || value, day, requests, bytes, last_at",
      ),
      copy(
        "grants",
        `account, id, origin, app_url, ${rest}`,
        `account, t.id || value, 'https://a' || value || '.example', '', ${rest}`,
      ),
    ]);
    const first = await (await open(user, "/apps?done=disconnected")).text();
    expect(first.match(/<svg class="chart"/g)).toHaveLength(50);
    expect(mainText(first)).toContain("Disconnected");
    const next = findElements(first, "a").find(({ href }) => href?.includes("after="))?.href ?? "";
    const second = await (await open(user, next)).text();
    expect(second.match(/<svg class="chart"/g)).toHaveLength(11);
    expect(second).toContain("/apps/disconnect-all");
    expect(second).not.toContain("after=");
    const listed = [first, second].flatMap((html) =>
      findElements(html, "a").filter(({ href }) => href?.startsWith("/apps/app?")),
    );
    expect(new Set(listed.map(({ href }) => href)).size).toBe(61);
    expect(listed).toHaveLength(61);
    expect(await textOf(user, "/")).toContain("all 61 apps");

    // Those of the second page are disconnected meanwhile.
    await sendForm("/apps/disconnect-all", {}, { cookie: user.cookie });
    expect((await open(user, next)).headers.get("location")).toBe("/apps");
  });

  it("counts quota requests, but no refused requests", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:r");
    const before = await allRows();
    expect((await app.put("/notes/a", "x")).status).toBe(403);
    expect((await app.get("/photos/")).status).toBe(403);
    expect(await allRows()).toEqual(before);
    const headers = { Authorization: `Bearer ${app.token}` };
    expect((await send(`/quota/${user.name}`, { headers })).status).toBe(200);
    expect(await textOf(user)).toContain("1 request and 0 bytes");
  });

  it("is deleted after a month, except for the last day, or with its app, and not before", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    const gone = await connectAt(user, OTHER, "notes:rw");
    await env.DB.prepare(
      "INSERT INTO app_use SELECT account, id, ?2, 7, 7, 1 FROM grants WHERE account = ?1",
    )
      .bind(await accountId(user.name), Math.floor(Date.now() / DAY_MS) - 1)
      .run();
    for (const one of [app, gone]) expect((await one.get("/notes/")).status).toBe(200);
    const daily = (days: number) =>
      worker.scheduled(
        createScheduledController({ scheduledTime: Date.now() + days * DAY_MS }),
        env,
      );
    await daily(28);
    expect(await storedUsage(user)).toHaveLength(4);
    await disconnect(user, OTHER);
    await daily(0);
    expect(await storedUsage(user)).toHaveLength(2);
    await daily(29);
    expect(await storedUsage(user)).toEqual([{ requests: 1, bytes: expect.any(Number) }]);
    await daily(400);
    expect(await storedUsage(user)).toHaveLength(1);
    expect(await grantRows(user.name)).toHaveLength(1);
  });
});

describe("Disconnecting", () => {
  it("asks for confirmation, which changes nothing", async () => {
    const user = await createUser();
    await connectApp(user);
    const before = await allRows();
    expect(await textOf(user, `/apps/disconnect?app=${APP_ORIGIN}`)).toContain(
      `Disconnect ${APP_ORIGIN}?`,
    );
    expect(await textOf(user, "/apps/disconnect-all")).toContain("Disconnect everything?");
    expect(await allRows()).toEqual(before);
  });

  it("revokes all grants and codes of one app at once, and no others", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    const tokens = await obtainTokens(user);
    const code = await obtainCode(user);
    const other = await connectAt(user, OTHER, "notes:rw");
    const device = appWithTokens(user, await obtainDeviceTokens(user));
    const response = await disconnect(user, APP_ORIGIN);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/apps?done=disconnected",
    ]);
    expect((await app.get("/notes/")).status).toBe(401);
    expect(await oauthError(await refreshTokens(tokens.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
    expect(await oauthError(await redeemCode(code))).toEqual([400, "invalid_grant"]);
    expect((await other.get("/notes/")).status).toBe(200);
    expect((await device.get("/notes/")).status).toBe(200);
    expect((await activityRows(user.name)).at(-1)).toEqual({
      kind: "app-disconnected",
      app: APP_ORIGIN,
    });
  });

  it("revokes the grant of one device and leaves the others", async () => {
    const user = await createUser();
    const [one, two] = [await obtainDeviceTokens(user), await obtainDeviceTokens(user)];
    const [first] = await grantRows(user.name);
    await disconnect(user, first?.id ?? "");
    const statuses = await Promise.all(
      [one, two].map(async (tokens) => (await appWithTokens(user, tokens).get("/notes/")).status),
    );
    expect(statuses.sort()).toEqual([200, 401]);
  });

  it("revokes everything, if asked to", async () => {
    const user = await createUser();
    const apps = [await connectApp(user), await connectAt(user, OTHER, "notes:rw")];
    const device = await obtainDeviceTokens(user);
    const code = await obtainCode(user);
    await sendForm("/apps/disconnect-all", {}, { cookie: user.cookie });
    for (const app of [...apps, appWithTokens(user, device)]) {
      expect((await app.get("/notes/")).status).toBe(401);
    }
    expect(await oauthError(await redeemCode(code))).toEqual([400, "invalid_grant"]);
    expect((await activityRows(user.name)).at(-1)).toEqual({ kind: "all-disconnected" });
  });

  it.each(["", "https://nobody.example", "x"])(
    'an app that is not connected, "%s", changes nothing',
    async (app) => {
      const user = await createUser();
      await connectApp(user);
      await obtainDeviceTokens(user);
      const before = await allRows();
      expect((await disconnect(user, app)).status).toBe(303);
      expect(await allRows()).toEqual(before);
    },
  );

  it("an app of another user changes nothing", async () => {
    const [user, other] = [await createUser(), await createUser()];
    const app = await connectApp(other);
    await obtainDeviceTokens(other);
    const before = await allRows();
    for (const { id, origin } of await grantRows(other.name)) {
      await disconnect(user, origin || id);
      expect((await changePermissions(user, {}, origin || id)).status).toBe(404);
    }
    expect(await allRows()).toEqual(before);
    expect((await app.get("/")).status).toBe(200);
  });
});

describe("Reducing the access of an app", () => {
  it("to read only: its existing tokens can read but no longer write, immediately", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw photos:rw");
    expect((await app.put("/notes/a", "x")).status).toBe(201);
    const response = await changePermissions(user, { "level:notes": "r" });
    const done = `${appPath(APP_ORIGIN)}&done=changed`;
    expect([response.status, response.headers.get("location")]).toEqual([303, done]);
    expect((await app.get("/notes/a")).status).toBe(200);
    expect((await app.put("/notes/a", "y")).status).toBe(403);
    expect((await app.delete("/notes/a")).status).toBe(403);
    expect((await app.put("/photos/a", "y")).status).toBe(201);
    expect((await activityRows(user.name)).at(-1)).toEqual({
      kind: "app-changed",
      app: APP_ORIGIN,
      scope: "notes:r photos:rw",
    });
  });

  it("by a module: its tokens get a 403 there immediately, and still work elsewhere", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw photos:rw");
    await app.put("/notes/a", "x");
    await changePermissions(user, { "level:notes": "none" });
    expect((await app.get("/notes/a")).status).toBe(403);
    expect((await app.get("/photos/")).status).toBe(200);
  });

  it("to nothing, for one of its grants: that grant is revoked", async () => {
    const user = await createUser();
    const notes = await connectApp(user, "notes:rw");
    const photos = await connectApp(user, "photos:rw");
    await changePermissions(user, { "level:notes": "none" });
    expect((await notes.get("/notes/")).status).toBe(401);
    expect((await photos.get("/photos/")).status).toBe(200);
    expect(await grantRows(user.name)).toMatchObject([{ scope: "photos:rw" }]);
  });

  it("to nothing at all asks for confirmation first, as it disconnects the app", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw");
    const before = await allRows();
    const response = await changePermissions(user, { "level:notes": "none" });
    const target = new URL(response.headers.get("location") ?? "", ORIGIN);
    expect([response.status, target.pathname]).toEqual([303, "/apps/disconnect"]);
    expect(target.searchParams.get("app")).toBe(APP_ORIGIN);
    expect(await allRows()).toEqual(before);
    expect((await app.get("/notes/")).status).toBe(200);
  });

  it("applies to all its grants, on every device, and to an unredeemed code", async () => {
    const user = await createUser();
    const [one, two] = [await connectApp(user, "notes:rw"), await connectApp(user, "*:rw")];
    const code = await obtainCode(user, { scope: "notes:rw" });
    await changePermissions(user, { "level:notes": "r", "level:*": "r" });
    for (const app of [one, two]) {
      expect((await app.get("/notes/")).status).toBe(200);
      expect((await app.put("/notes/a", "x")).status).toBe(403);
    }
    expect(await oauthError(await redeemCode(code))).toEqual([400, "invalid_grant"]);
  });

  it("RFC 6749 §6 the next refresh returns the reduced scope, and cannot ask for more", async () => {
    const user = await createUser();
    const tokens = await obtainTokens(user, "notes:rw photos:rw");
    await changePermissions(user, { "level:notes": "r", "level:photos": "none" });
    const wide = await refreshTokens(tokens.refresh_token, { scope: "notes:rw" });
    expect(await oauthError(wide)).toEqual([400, "invalid_scope"]);
    const next = await parseTokens(await refreshTokens(tokens.refresh_token));
    expect(next.scope).toBe("notes:r");
    expect((await appWithTokens(user, next).put("/notes/a", "x")).status).toBe(403);
    expect((await appWithTokens(user, next).get("/notes/")).status).toBe(200);
  });

  it("to an earlier expiry, which applies to access and refresh tokens", async () => {
    const user = await createUser();
    const forever = await connectApp(user, "notes:rw");
    const tokens = await obtainTokens(user, "notes:rw", { duration: "year" });
    await changePermissions(user, { end: "day" });
    advanceClock(DAY_MS - MINUTE_MS);
    expect((await forever.get("/notes/")).status).toBe(200);
    const next = await parseTokens(await refreshTokens(tokens.refresh_token));
    expect(next.expires_in).toBeLessThanOrEqual(60);
    advanceClock(MINUTE_MS + SECOND_MS);
    expect((await forever.get("/notes/")).status).toBe(401);
    expect(await oauthError(await refreshTokens(next.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
    expect(await textOf(user)).toContain("No apps are connected yet");
  });

  it("never gives more: no level, no module, no later expiry", async () => {
    const user = await createUser();
    await connectAppByForm(user, "notes:r", { duration: "month" });
    const before = await allRows();
    const moreAccess = { "level:notes": "rw", "level:photos": "rw", "level:*": "rw", end: "year" };
    expect((await changePermissions(user, moreAccess)).status).toBe(303);
    expect(await allRows()).toEqual(before);
    const html = await (await open(user, appPath(APP_ORIGIN))).text();
    const offered = findElements(html, "option").map(({ value }) => value);
    expect(offered).toEqual(["r", "none", "keep", "day"]);
  });

  it.each<[string, Record<string, string>]>([
    ["an unknown level", { "level:notes": "RW" }],
    ["an empty level", { "level:notes": "" }],
    ["an expiry that is not offered", { end: "always" }],
    ["no expiry", { end: "" }],
    ["an unknown expiry", { end: "constructor" }],
  ])("refuses %s: shows the page again, and changes nothing", async (_, fields) => {
    const user = await createUser();
    await connectApp(user, "notes:rw");
    const before = await allRows();
    const response = await changePermissions(user, fields);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('role="alert"');
    expect(await allRows()).toEqual(before);
  });

  it("works for a device, which is named by the id of its grant", async () => {
    const user = await createUser();
    const device = appWithTokens(user, await obtainDeviceTokens(user, "notes:rw"));
    const [grant] = await grantRows(user.name);
    await changePermissions(user, { "level:notes": "r" }, grant?.id);
    expect((await device.get("/notes/")).status).toBe(200);
    expect((await device.put("/notes/a", "x")).status).toBe(403);
  });

  it("applies to hundreds of grants, none of which gets more than it had", async () => {
    const user = await createUser();
    const wide = await connectApp(user, "notes:rw photos:r");
    const notes = await connectAppByForm(user, "notes:rw", { duration: "year" });
    const photos = await connectApp(user, "photos:r");
    const copies = `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at, expires_at)
      SELECT account, grants.id || value, origin, app_url, scope, flow, created_at, expires_at
      FROM grants, json_each(?2) WHERE account = ?1`;
    const numbers = JSON.stringify(Array.from({ length: 200 }, (_, i) => i));
    await env.DB.prepare(copies)
      .bind(await accountId(user.name), numbers)
      .run();
    expect(
      (await changePermissions(user, { "level:notes": "r", "level:photos": "none" })).status,
    ).toBe(303);
    const grants = await grantRows(user.name);
    expect(grants).toHaveLength(402);
    expect(new Set(grants.map(({ scope }) => scope))).toEqual(new Set(["notes:r"]));
    expect(grants.filter(({ expires_at }) => expires_at === null)).toHaveLength(201);
    for (const app of [wide, notes]) {
      expect((await app.get("/notes/")).status).toBe(200);
      expect((await app.put("/notes/a", "x")).status).toBe(403);
    }
    expect((await photos.get("/photos/")).status).toBe(401);
  });

  /** 64 scopes of 64 characters each, the most that one grant can have. */
  const longScope = (prefix: string): string =>
    Array.from({ length: 64 }, (_, i) => `${prefix}${i}`.padEnd(64, "m").concat(":rw")).join(" ");

  const copyGrants = async (user: TestUser, copies: number, scopeSql = "scope"): Promise<void> => {
    await env.DB.prepare(
      `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at, expires_at)
       SELECT account, grants.id || value, origin, app_url, ${scopeSql}, flow, created_at, expires_at
       FROM grants, json_each(?2) WHERE account = ?1`,
    )
      .bind(await accountId(user.name), JSON.stringify(Array.from({ length: copies }, (_, i) => i)))
      .run();
  };

  it("applies to hundreds of grants of the largest size, which together exceed what D1 takes as a value", async () => {
    const user = await createUser();
    const app = await connectApp(user, longScope("a"));
    await copyGrants(user, 499);
    const module = "a1".padEnd(64, "m");
    expect((await app.put(`/${module}/x`, "x")).status).toBe(201);
    const response = await changePermissions(user, { [`level:${module}`]: "r", end: "day" });
    expect(response.status).toBe(303);
    const grants = await grantRows(user.name);
    expect(grants).toHaveLength(500);
    expect(new Blob(grants.map(({ scope }) => scope)).size).toBeGreaterThan(2_000_000);
    expect(new Set(grants.map(({ scope }) => scope.includes(`${module}:rw`)))).toEqual(
      new Set([false]),
    );
    expect(grants.every(({ expires_at }) => expires_at !== null)).toBe(true);
    expect((await app.put(`/${module}/x`, "y")).status).toBe(403);
    const entries = await activityRows(user.name);
    expect(entries.filter(({ kind }) => kind === "app-changed")).toHaveLength(1);
    expect((await disconnect(user, APP_ORIGIN)).status).toBe(303);
    expect(await grantRows(user.name)).toEqual([]);
  });

  it("reaches every module, even if the grants of an app have more of them than fit in a form", async () => {
    const user = await createUser();
    const app = await connectApp(user, "m0:rw");
    await copyGrants(user, 150, "'n' || value || ':rw'");
    for (let round = 0; round < 3; round++) {
      const html = await (await open(user, appPath(APP_ORIGIN))).text();
      const fields = findElements(html, "select").filter(({ name }) => name?.startsWith("level:"));
      expect(fields).toHaveLength(64);
      expect(mainText(html)).toContain("These are the first 64 modules");
      const levels = Object.fromEntries(fields.map(({ name = "" }) => [name, "r"]));
      expect((await changePermissions(user, levels)).status).toBe(303);
    }
    const grants = await grantRows(user.name);
    expect(grants).toHaveLength(151);
    expect(grants.filter(({ scope }) => scope.includes("rw"))).toEqual([]);
    expect((await app.put("/m0/a", "x")).status).toBe(403);
    expect((await app.get("/m0/")).status).toBe(200);
  });

  it("by concurrent identical requests is done and recorded once", async () => {
    const user = await createUser();
    await connectApp(user, "notes:rw");
    await Promise.all([1, 2, 3].map(() => changePermissions(user, { "level:notes": "r" })));
    const entries = await activityRows(user.name);
    expect(entries.filter(({ kind }) => kind === "app-changed")).toHaveLength(1);
  });

  it("by concurrent different requests applies both", async () => {
    const user = await createUser();
    const app = await connectApp(user, "notes:rw photos:rw");
    await Promise.all([
      changePermissions(user, { "level:notes": "r" }),
      changePermissions(user, { "level:photos": "none" }),
    ]);
    expect((await app.put("/notes/a", "x")).status).toBe(403);
    expect((await app.get("/photos/")).status).toBe(403);
    expect((await app.get("/notes/")).status).toBe(200);
  });
});

describe("A token created by hand", () => {
  const createToken = (user: TestUser, fields: Record<string, string> = {}): Promise<Response> =>
    sendForm(
      "/apps/tokens",
      { name: "Backup", write: "", read: "notes", duration: "month", ...fields },
      { cookie: user.cookie },
    );

  const tokenIn = (html: string): string => /id="token"[^>]*>\s*([^<\s]+)/.exec(html)?.[1] ?? "";

  it("is shown once, with an example and copy buttons, and has the chosen scope", async () => {
    const user = await createUser();
    const response = await createToken(user, { write: "photos, mail", read: "notes" });
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
    const html = await response.text();
    const app = new TestApp(user.name, tokenIn(html));
    const root = `${hosts.namedOrigin(user.name)}/storage/${user.name}`;
    const command = `curl -H "Authorization: Bearer ${app.token}" ${root}/photos/`;
    expect(mainText(html)).toContain(command);
    const copying = findElements(html, "button").filter((button) => "data-copy" in button);
    expect(copying.map((button) => button["data-copy"])).toEqual(["token", "example"]);
    expect(copying.map((button) => button["aria-describedby"])).toEqual(["token", "example"]);
    expect(html, "switching the language would create another token").not.toContain("/language");
    expect((await app.put("/photos/a", "x")).status).toBe(201);
    expect((await app.put("/mail/a", "x")).status).toBe(201);
    expect((await app.get("/notes/")).status).toBe(200);
    expect((await app.put("/notes/a", "x")).status).toBe(403);
    expect(JSON.stringify(await allRows())).not.toContain(app.token);
    expect(await textOf(user)).toMatch(/Backup .*Token that you created/);
    expect((await activityRows(user.name)).at(-1)).toEqual({
      kind: "token-made",
      app: "Backup",
      scope: "photos:rw mail:rw notes:r",
    });
  });

  it("works until it expires or is disconnected", async () => {
    const user = await createUser();
    const [one, two] = [
      new TestApp(user.name, tokenIn(await (await createToken(user)).text())),
      new TestApp(
        user.name,
        tokenIn(await (await createToken(user, { duration: "always" })).text()),
      ),
    ];
    advanceClock(30 * DAY_MS - MINUTE_MS);
    expect((await one.get("/notes/")).status).toBe(200);
    const [, grant] = await grantRows(user.name);
    await disconnect(user, grant?.id ?? "");
    expect((await two.get("/notes/")).status).toBe(401);
    advanceClock(2 * MINUTE_MS);
    expect((await one.get("/notes/")).status).toBe(401);
  });

  it("warns if it has access to everything", async () => {
    const text = mainText(await (await createToken(await createUser(), { write: "*" })).text());
    expect(text).toContain("access to everything");
    expect(mainText(await (await createToken(await createUser())).text())).not.toContain(
      "access to everything",
    );
  });

  it.each<[string, Record<string, string>]>([
    ["without a name", { name: " " }],
    ["with a name that is too long", { name: "x".repeat(51) }],
    ["with a name of two lines", { name: "a\nb" }],
    ["without a module", { read: "" }],
    ["for an invalid module", { read: "../notes" }],
    ["for all public documents", { read: "public" }],
    ["with a level in the name", { read: "notes:rw" }],
    ["with an expiry that is not offered", { duration: "10 years" }],
  ])("is not created %s: 400, the form keeps its input, nothing changes", async (_, fields) => {
    const user = await createUser();
    const before = await allRows();
    const response = await createToken(user, fields);
    expect(response.status).toBe(400);
    const html = await response.text();
    expect(html).toContain('role="alert"');
    expect(findElements(html, "input").map(({ name }) => name)).toContain("read");
    expect(tokenIn(html)).toBe("");
    expect(await allRows()).toEqual(before);
  });

  it("requires a recent authentication", async () => {
    const user = await createUser();
    advanceClock(40 * MINUTE_MS);
    const before = await allRows();
    for (const response of [await open(user, "/apps/tokens"), await createToken(user)]) {
      const target = new URL(response.headers.get("location") ?? "", ORIGIN);
      expect([response.status, target.pathname]).toEqual([303, "/confirm"]);
      expect(target.searchParams.get("next")).toBe("/apps/tokens");
    }
    const { grants } = await allRows();
    expect(grants).toEqual(before.grants);
  });
});

it("RFC 9207 every authorization response names its issuer, in both flows, success or error", async () => {
  const user = await createUser();
  for (const fields of [{}, { decision: "deny" }]) {
    const implicit = fragmentParameters(await submitConsent(user, {}, fields));
    expect(implicit.iss).toBe(ORIGIN);
    const code = locationOf(await submitConsent(user, await codeFlowQuery(), fields));
    expect(new URL(code).searchParams.getAll("iss")).toEqual([ORIGIN]);
  }
  const metadata = await (await send("/.well-known/oauth-authorization-server")).json();
  expect(metadata).toMatchObject({
    issuer: ORIGIN,
    authorization_response_iss_parameter_supported: true,
  });
});
