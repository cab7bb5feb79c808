/** The pages about connected apps: what they did, taking something away, the end, tokens by hand. */

import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import worker from "../../src/index";
import { advanceClock, DAY_MS, freezeClock, MINUTE_MS, SECOND_MS } from "../support/clock";
import { deviceTokens, TV } from "../support/devices";
import { findElements, findInlineCode, mainText } from "../support/html";
import {
  allowCode,
  appWith,
  codeQuery,
  oauthError,
  redeem,
  refresh,
  tokensIn,
  tokensOf,
} from "../support/oauth";
import { accountId, activityRows, allRows, grantRows } from "../support/rows";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  fragmentParameters,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";

const OTHER = "https://other.example";

const show = (person: TestUser, path: string): Promise<Response> =>
  send(path, { headers: { Cookie: person.cookie } });

const textOf = async (person: TestUser, path = "/apps"): Promise<string> =>
  mainText(await (await show(person, path)).text());

const pathOf = (app: string): string => `/apps/app?${new URLSearchParams({ id: app })}`;

/** The form of one app's page; everything is as it was where `fields` do not say otherwise. */
const change = (
  person: TestUser,
  fields: Record<string, string>,
  app: string = APP_ORIGIN,
): Promise<Response> =>
  sendForm(pathOf(app), { end: "keep", ...fields }, { cookie: person.cookie });

const disconnect = (person: TestUser, app: string): Promise<Response> =>
  sendForm(`/apps/disconnect?${new URLSearchParams({ app })}`, {}, { cookie: person.cookie });

const connectAt = async (
  person: TestUser,
  redirect_uri: string,
  scope: string,
): Promise<TestApp> => {
  const { access_token } = fragmentParameters(await submitConsent(person, { redirect_uri, scope }));
  return new TestApp(person.name, access_token ?? "");
};

describe("The page of all connected apps", () => {
  it.each([
    "/apps",
    "/apps/app?id=x",
    "/apps/disconnect?app=x",
    "/apps/disconnect-all",
    "/apps/tokens",
  ])("%s is for who is signed in", async (path) => {
    const before = await allRows();
    for (const response of [await send(path), await sendForm(path, {})]) {
      if (response.status === 404) continue; // no form
      const target = new URL(response.headers.get("location") ?? "", ORIGIN);
      expect([response.status, target.pathname]).toEqual([303, "/sign-in"]);
    }
    expect(await allRows()).toEqual(before);
  });

  it("says what to do next where nothing is connected", async () => {
    const html = await (await show(await createUser(), "/apps")).text();
    expect(mainText(html)).toContain("No app is connected yet");
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links).toEqual(expect.arrayContaining(["/", "/device", "/apps/tokens"]));
    expect(links).not.toContain("/apps/disconnect-all");
  });

  it("names each app once: what it may do, how it was let in, since when and until when", async () => {
    const person = await createUser();
    await connectApp(person, "notes:rw");
    await tokensOf(person, "photos:r", { duration: "month" });
    await connectAt(person, `${OTHER}/deep/path?x`, "*:r");
    await deviceTokens(person, "mail:r");
    const html = await (await show(person, "/apps")).text();
    const text = mainText(html);
    expect(text.split(APP_ORIGIN)).toHaveLength(2);
    expect(text).toMatch(
      /app\.example notes \(read and change\), photos \(read only\) connected since .*, until you disconnect it, in the browser; with a code/,
    );
    expect(text).toMatch(/other\.example everything \(read only\)/);
    expect(text).toMatch(/Living room TV mail \(read only\) .* as a device/);
    const address = encodeURIComponent(`${person.name}@satchel.example`);
    const links = findElements(html, "a").map(({ href }) => href);
    expect(links, "§11 storage first").toContain(`${OTHER}/deep/path#remotestorage=${address}`);
    const labels = findElements(html, "a").map((link) => link["aria-label"]);
    expect(labels).toEqual(
      expect.arrayContaining([APP_ORIGIN, OTHER, TV].map((name) => `Disconnect ${name}`)),
    );
    expect(findInlineCode(html)).toEqual([]);
  });

  it("shows nobody else's", async () => {
    const [person, other] = [await createUser(), await createUser()];
    await connectApp(other);
    expect(await textOf(person)).toContain("No app is connected yet");
    expect((await show(person, pathOf(APP_ORIGIN))).status).toBe(404);
  });

  it("speaks German to who reads it", async () => {
    const person = await createUser();
    await connectApp(person, "notes:r");
    const headers = { Cookie: person.cookie, "Accept-Language": "de" };
    const text = mainText(await (await send("/apps", { headers })).text());
    expect(text).toMatch(/^Verbundene Apps.*notes \(nur lesen\) verbunden seit/);
  });
});

describe("What an app used", () => {
  const used = async (person: TestUser): Promise<unknown[]> => {
    const rows = await env.DB.prepare(
      "SELECT requests, bytes FROM app_use WHERE account = ? ORDER BY day",
    )
      .bind(await accountId(person.name))
      .all();
    return rows.results;
  };

  it("is counted in requests and bytes, both ways, shown at once and written once an hour", async () => {
    freezeClock();
    const person = await createUser();
    const app = await connectApp(person, "notes:rw");
    expect(await textOf(person)).toContain("not used in the last 30 days");
    await app.put("/notes/a", "x".repeat(1000), { "Content-Length": "1000" });
    await (await app.get("/notes/a")).text();
    await app.head("/notes/a");
    expect(await textOf(person)).toContain("3 requests and 2 kB in the last 30 days");
    expect(await used(person)).toEqual([{ requests: 1, bytes: 1000 }]);
    advanceClock(60 * MINUTE_MS);
    await app.head("/notes/a");
    expect(await used(person)).toEqual([{ requests: 4, bytes: 2000 }]);
    const html = await (await show(person, pathOf(APP_ORIGIN))).text();
    const [picture] = findElements(html, "svg");
    expect(picture).toMatchObject({
      role: "img",
      "aria-label": expect.stringContaining("4 requests and 2 kB in the last 30 days; most on"),
    });
  });

  it("is shown for thirty days, today included: when it was, and how much", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw");
    await app.get("/notes/");
    const row = { account: await accountId(person.name), day: Math.floor(Date.now() / DAY_MS) };
    const setBack = async (days: number) => {
      const use = "UPDATE app_use SET day = ?2, last_at = ?3 WHERE account = ?1";
      const day = row.day - days;
      await env.DB.prepare(use)
        .bind(row.account, day, day * DAY_MS)
        .run();
      return textOf(person);
    };
    expect(await setBack(29)).toContain("; 1 request and");
    expect(await setBack(30)).toContain("not used in the last 30 days");
  });

  it("is drawn for fifty apps at once, and told for all", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw");
    await app.get("/notes/");
    const account = await accountId(person.name);
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
    const html = await (await show(person, "/apps")).text();
    expect(mainText(html).match(/last used/g)).toHaveLength(61);
    expect(html.match(/<path\b/g)).toHaveLength(2 * 50);
  });

  it("is counted where it asks for the quota, and not where it is refused", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:r");
    const before = await allRows();
    expect((await app.put("/notes/a", "x")).status).toBe(403);
    expect((await app.get("/photos/")).status).toBe(403);
    expect(await allRows()).toEqual(before);
    const headers = { Authorization: `Bearer ${app.token}` };
    expect((await send(`/quota/${person.name}`, { headers })).status).toBe(200);
    expect(await textOf(person)).toContain("1 request and 0 bytes");
  });

  it("is forgotten after a month, or when its app is gone, and not before", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw");
    const gone = await connectAt(person, OTHER, "notes:rw");
    for (const one of [app, gone]) expect((await one.get("/notes/")).status).toBe(200);
    const daily = (days: number) =>
      worker.scheduled(
        createScheduledController({ scheduledTime: Date.now() + days * DAY_MS }),
        env,
      );
    await daily(29);
    expect(await used(person)).toHaveLength(2);
    await disconnect(person, OTHER);
    await daily(0);
    expect(await used(person)).toHaveLength(1);
    await daily(30);
    expect(await used(person)).toEqual([]);
    expect(await grantRows(person.name)).toHaveLength(1);
  });
});

describe("Disconnecting", () => {
  it("asks once, and changes nothing by that", async () => {
    const person = await createUser();
    await connectApp(person);
    const before = await allRows();
    expect(await textOf(person, `/apps/disconnect?app=${APP_ORIGIN}`)).toContain(
      `Disconnect ${APP_ORIGIN}?`,
    );
    expect(await textOf(person, "/apps/disconnect-all")).toContain("Disconnect everything?");
    expect(await allRows()).toEqual(before);
  });

  it("ends all grants of one app at once, and its codes, and no other's", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw");
    const tokens = await tokensOf(person);
    const code = await allowCode(person);
    const other = await connectAt(person, OTHER, "notes:rw");
    const device = appWith(person, await deviceTokens(person));
    const response = await disconnect(person, APP_ORIGIN);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      "/apps?after=disconnected",
    ]);
    expect((await app.get("/notes/")).status).toBe(401);
    expect(await oauthError(await refresh(tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await oauthError(await redeem(code))).toEqual([400, "invalid_grant"]);
    expect((await other.get("/notes/")).status).toBe(200);
    expect((await device.get("/notes/")).status).toBe(200);
    expect((await activityRows(person.name)).at(-1)).toEqual({
      kind: "app-disconnected",
      app: APP_ORIGIN,
    });
  });

  it("ends one device and leaves the others", async () => {
    const person = await createUser();
    const [one, two] = [await deviceTokens(person), await deviceTokens(person)];
    const [first] = await grantRows(person.name);
    await disconnect(person, first?.id ?? "");
    const statuses = await Promise.all(
      [one, two].map(async (tokens) => (await appWith(person, tokens).get("/notes/")).status),
    );
    expect(statuses.sort()).toEqual([200, 401]);
  });

  it("ends all there is", async () => {
    const person = await createUser();
    const apps = [await connectApp(person), await connectAt(person, OTHER, "notes:rw")];
    const device = await deviceTokens(person);
    const code = await allowCode(person);
    await sendForm("/apps/disconnect-all", {}, { cookie: person.cookie });
    for (const app of [...apps, appWith(person, device)]) {
      expect((await app.get("/notes/")).status).toBe(401);
    }
    expect(await oauthError(await redeem(code))).toEqual([400, "invalid_grant"]);
    expect((await activityRows(person.name)).at(-1)).toEqual({ kind: "all-disconnected" });
  });

  it.each(["", "https://nobody.example", "x"])(
    'of an app that is not connected, "%s", changes nothing',
    async (app) => {
      const person = await createUser();
      await connectApp(person);
      await deviceTokens(person);
      const before = await allRows();
      expect((await disconnect(person, app)).status).toBe(303);
      expect(await allRows()).toEqual(before);
    },
  );

  it("of another person's app changes nothing", async () => {
    const [person, other] = [await createUser(), await createUser()];
    const app = await connectApp(other);
    await deviceTokens(other);
    const before = await allRows();
    for (const { id, origin } of await grantRows(other.name)) {
      await disconnect(person, origin || id);
      expect((await change(person, {}, origin || id)).status).toBe(404);
    }
    expect(await allRows()).toEqual(before);
    expect((await app.get("/")).status).toBe(200);
  });
});

describe("Taking something away from an app", () => {
  it("from changing to reading: the tokens that it has read on, and write no more, at once", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw photos:rw");
    expect((await app.put("/notes/a", "x")).status).toBe(201);
    const response = await change(person, { "level:notes": "r" });
    const done = `${pathOf(APP_ORIGIN)}&after=changed`;
    expect([response.status, response.headers.get("location")]).toEqual([303, done]);
    expect((await app.get("/notes/a")).status).toBe(200);
    expect((await app.put("/notes/a", "y")).status).toBe(403);
    expect((await app.delete("/notes/a")).status).toBe(403);
    expect((await app.put("/photos/a", "y")).status).toBe(201);
    expect((await activityRows(person.name)).at(-1)).toEqual({
      kind: "app-changed",
      app: APP_ORIGIN,
      scope: "notes:r photos:rw",
    });
  });

  it("a module: its tokens are refused there at once, by 403, and are good for the others", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw photos:rw");
    await app.put("/notes/a", "x");
    await change(person, { "level:notes": "none" });
    expect((await app.get("/notes/a")).status).toBe(403);
    expect((await app.get("/photos/")).status).toBe(200);
  });

  it("all that a grant had ends the grant", async () => {
    const person = await createUser();
    const notes = await connectApp(person, "notes:rw");
    const photos = await connectApp(person, "photos:rw");
    await change(person, { "level:notes": "none" });
    expect((await notes.get("/notes/")).status).toBe(401);
    expect((await photos.get("/photos/")).status).toBe(200);
    expect(await grantRows(person.name)).toMatchObject([{ scope: "photos:rw" }]);
  });

  it("everything is asked about first, as what it is: the end", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw");
    const before = await allRows();
    const response = await change(person, { "level:notes": "none" });
    const target = new URL(response.headers.get("location") ?? "", ORIGIN);
    expect([response.status, target.pathname]).toEqual([303, "/apps/disconnect"]);
    expect(target.searchParams.get("app")).toBe(APP_ORIGIN);
    expect(await allRows()).toEqual(before);
    expect((await app.get("/notes/")).status).toBe(200);
  });

  it("holds for all its grants, on every device, and for a code that is on its way", async () => {
    const person = await createUser();
    const [one, two] = [await connectApp(person, "notes:rw"), await connectApp(person, "*:rw")];
    const code = await allowCode(person, { scope: "notes:rw" });
    await change(person, { "level:notes": "r", "level:*": "r" });
    for (const app of [one, two]) {
      expect((await app.get("/notes/")).status).toBe(200);
      expect((await app.put("/notes/a", "x")).status).toBe(403);
    }
    expect(await oauthError(await redeem(code))).toEqual([400, "invalid_grant"]);
  });

  it("RFC 6749 §6 the next refresh says what is left, and asks for no more than that", async () => {
    const person = await createUser();
    const tokens = await tokensOf(person, "notes:rw photos:rw");
    await change(person, { "level:notes": "r", "level:photos": "none" });
    const wide = await refresh(tokens.refresh_token, { scope: "notes:rw" });
    expect(await oauthError(wide)).toEqual([400, "invalid_scope"]);
    const next = await tokensIn(await refresh(tokens.refresh_token));
    expect(next.scope).toBe("notes:r");
    expect((await appWith(person, next).put("/notes/a", "x")).status).toBe(403);
    expect((await appWith(person, next).get("/notes/")).status).toBe(200);
  });

  it("an earlier end: access and refresh tokens end with it", async () => {
    const person = await createUser();
    const forever = await connectApp(person, "notes:rw");
    const tokens = await tokensOf(person, "notes:rw", { duration: "year" });
    await change(person, { end: "day" });
    advanceClock(DAY_MS - MINUTE_MS);
    expect((await forever.get("/notes/")).status).toBe(200);
    const next = await tokensIn(await refresh(tokens.refresh_token));
    expect(next.expires_in).toBeLessThanOrEqual(60);
    advanceClock(MINUTE_MS + SECOND_MS);
    expect((await forever.get("/notes/")).status).toBe(401);
    expect(await oauthError(await refresh(next.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await textOf(person)).toContain("No app is connected yet");
  });

  it("never gives anything: no level, no module, no later end", async () => {
    const person = await createUser();
    await connectApp(person, "notes:r", { duration: "month" });
    const before = await allRows();
    const wishes = { "level:notes": "rw", "level:photos": "rw", "level:*": "rw", end: "year" };
    expect((await change(person, wishes)).status).toBe(303);
    expect(await allRows()).toEqual(before);
    const html = await (await show(person, pathOf(APP_ORIGIN))).text();
    const offered = findElements(html, "option").map(({ value }) => value);
    expect(offered).toEqual(["r", "none", "keep", "day"]);
  });

  it.each<[string, Record<string, string>]>([
    ["a level that is none", { "level:notes": "RW" }],
    ["an empty level", { "level:notes": "" }],
    ["an end that is not offered", { end: "always" }],
    ["no end", { end: "" }],
    ["a made-up end", { end: "constructor" }],
  ])("refuses %s: the page again, nothing changes", async (_, fields) => {
    const person = await createUser();
    await connectApp(person, "notes:rw");
    const before = await allRows();
    const response = await change(person, fields);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('role="alert"');
    expect(await allRows()).toEqual(before);
  });

  it("works for a device, by the id of its grant", async () => {
    const person = await createUser();
    const device = appWith(person, await deviceTokens(person, "notes:rw"));
    const [grant] = await grantRows(person.name);
    await change(person, { "level:notes": "r" }, grant?.id);
    expect((await device.get("/notes/")).status).toBe(200);
    expect((await device.put("/notes/a", "x")).status).toBe(403);
  });

  it("holds for hundreds of grants, each kept to what it was", async () => {
    const person = await createUser();
    const wide = await connectApp(person, "notes:rw photos:r");
    const notes = await connectApp(person, "notes:rw", { duration: "year" });
    const photos = await connectApp(person, "photos:r");
    const copies = `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at, expires_at)
      SELECT account, grants.id || value, origin, app_url, scope, flow, created_at, expires_at
      FROM grants, json_each(?2) WHERE account = ?1`;
    const numbers = JSON.stringify(Array.from({ length: 200 }, (_, i) => i));
    await env.DB.prepare(copies)
      .bind(await accountId(person.name), numbers)
      .run();
    expect((await change(person, { "level:notes": "r", "level:photos": "none" })).status).toBe(303);
    const grants = await grantRows(person.name);
    expect(grants).toHaveLength(402);
    expect(new Set(grants.map(({ scope }) => scope))).toEqual(new Set(["notes:r"]));
    expect(grants.filter(({ expires_at }) => expires_at === null)).toHaveLength(201);
    for (const app of [wide, notes]) {
      expect((await app.get("/notes/")).status).toBe(200);
      expect((await app.put("/notes/a", "x")).status).toBe(403);
    }
    expect((await photos.get("/photos/")).status).toBe(401);
  });

  it("twice at once is done once, and told once", async () => {
    const person = await createUser();
    await connectApp(person, "notes:rw");
    await Promise.all([1, 2, 3].map(() => change(person, { "level:notes": "r" })));
    const deeds = await activityRows(person.name);
    expect(deeds.filter(({ kind }) => kind === "app-changed")).toHaveLength(1);
  });

  it("of two changes at once neither gives back what the other took", async () => {
    const person = await createUser();
    const app = await connectApp(person, "notes:rw photos:rw");
    await Promise.all([
      change(person, { "level:notes": "r" }),
      change(person, { "level:photos": "none" }),
    ]);
    expect((await app.put("/notes/a", "x")).status).toBe(403);
    expect((await app.get("/photos/")).status).toBe(403);
    expect((await app.get("/notes/")).status).toBe(200);
  });
});

describe("A token made by hand", () => {
  const make = (person: TestUser, fields: Record<string, string> = {}): Promise<Response> =>
    sendForm(
      "/apps/tokens",
      { name: "Backup", write: "", read: "notes", duration: "month", ...fields },
      { cookie: person.cookie },
    );

  const tokenIn = (html: string): string => /id="token"[^>]*>\s*([^<\s]+)/.exec(html)?.[1] ?? "";

  it("is shown once, with an example and buttons to copy both, and opens what was chosen", async () => {
    const person = await createUser();
    const response = await make(person, { write: "photos, mail", read: "notes" });
    expect(response.headers.get("cache-control")).toBe("no-store");
    const html = await response.text();
    const app = new TestApp(person.name, tokenIn(html));
    const command = `curl -H "Authorization: Bearer ${app.token}" ${ORIGIN}/storage/${person.name}/photos/`;
    expect(mainText(html)).toContain(command);
    const copying = findElements(html, "button").filter((button) => "data-copy" in button);
    expect(copying.map((button) => button["data-copy"])).toEqual(["token", "example"]);
    expect(copying.map((button) => button["aria-describedby"])).toEqual(["token", "example"]);
    expect(html, "in another language it would have to be made once more").not.toContain(
      "/language",
    );
    expect((await app.put("/photos/a", "x")).status).toBe(201);
    expect((await app.put("/mail/a", "x")).status).toBe(201);
    expect((await app.get("/notes/")).status).toBe(200);
    expect((await app.put("/notes/a", "x")).status).toBe(403);
    expect(JSON.stringify(await allRows())).not.toContain(app.token);
    expect(await textOf(person)).toMatch(/Backup .*with a token that you made/);
    expect((await activityRows(person.name)).at(-1)).toEqual({
      kind: "token-made",
      app: "Backup",
      scope: "photos:rw mail:rw notes:r",
    });
  });

  it("ends when it was said to, or is disconnected", async () => {
    const person = await createUser();
    const [one, two] = [
      new TestApp(person.name, tokenIn(await (await make(person)).text())),
      new TestApp(person.name, tokenIn(await (await make(person, { duration: "always" })).text())),
    ];
    advanceClock(30 * DAY_MS - MINUTE_MS);
    expect((await one.get("/notes/")).status).toBe(200);
    const [, grant] = await grantRows(person.name);
    await disconnect(person, grant?.id ?? "");
    expect((await two.get("/notes/")).status).toBe(401);
    advanceClock(2 * MINUTE_MS);
    expect((await one.get("/notes/")).status).toBe(401);
  });

  it("that opens everything is called so", async () => {
    const text = mainText(await (await make(await createUser(), { write: "*" })).text());
    expect(text).toContain("opens everything");
    expect(mainText(await (await make(await createUser())).text())).not.toContain(
      "opens everything",
    );
  });

  it.each<[string, Record<string, string>]>([
    ["without a name", { name: " " }],
    ["with a name that is too long", { name: "x".repeat(51) }],
    ["with a name of two lines", { name: "a\nb" }],
    ["for nothing", { read: "" }],
    ["for what is no module", { read: "../notes" }],
    ["for all that is public", { read: "public" }],
    ["with a level in the name", { read: "notes:rw" }],
    ["for a time that is not offered", { duration: "10 years" }],
  ])("is not made %s: 400, what was typed stays, nothing changes", async (_, fields) => {
    const person = await createUser();
    const before = await allRows();
    const response = await make(person, fields);
    expect(response.status).toBe(400);
    const html = await response.text();
    expect(html).toContain('role="alert"');
    expect(findElements(html, "input").map(({ name }) => name)).toContain("read");
    expect(tokenIn(html)).toBe("");
    expect(await allRows()).toEqual(before);
  });

  it("needs a fresh proof of who it is", async () => {
    const person = await createUser();
    advanceClock(40 * MINUTE_MS);
    const before = await allRows();
    for (const response of [await show(person, "/apps/tokens"), await make(person)]) {
      const target = new URL(response.headers.get("location") ?? "", ORIGIN);
      expect([response.status, target.pathname]).toEqual([303, "/confirm"]);
      expect(target.searchParams.get("next")).toBe("/apps/tokens");
    }
    const { grants } = await allRows();
    expect(grants).toEqual(before.grants);
  });
});

it("RFC 9207 every answer to an app says who gave it, in both flows, success or error", async () => {
  const person = await createUser();
  for (const fields of [{}, { decision: "deny" }]) {
    const implicit = fragmentParameters(await submitConsent(person, {}, fields));
    expect(implicit.iss).toBe(ORIGIN);
    const code =
      (await submitConsent(person, await codeQuery(), fields)).headers.get("location") ?? "";
    expect(new URL(code).searchParams.getAll("iss")).toEqual([ORIGIN]);
  }
  const metadata = await (await send("/.well-known/oauth-authorization-server")).json();
  expect(metadata).toMatchObject({
    issuer: ORIGIN,
    authorization_response_iss_parameter_supported: true,
  });
});
