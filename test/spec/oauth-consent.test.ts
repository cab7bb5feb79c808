/** The consent page and its form: §10, §14 of the draft, RFC 6749 §10. */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { limitUser } from "../../src/http/rate-limits";
import { advanceClock, DAY_MS, freezeClock, SECOND_MS } from "../support/clock";
import { findElements, findInlineCode, mainText } from "../support/html";
import {
  appWithTokens,
  codeFlowQuery,
  obtainCode,
  parseTokens,
  redeemCode,
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

let alice: TestUser;
let bob: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
  bob = await createUser("bob");
});

const openConsent = (query: Record<string, string> = {}, user = alice): Promise<Response> =>
  send(authorizeUrl("alice", query), { headers: { Cookie: user.cookie } });

const consentText = async (query: Record<string, string> = {}): Promise<string> =>
  mainText(await (await openConsent(query)).text());

const selectedDuration = (html: string): string | undefined =>
  findElements(html, "option").find((option) => "selected" in option)?.value;

describe("The consent page", () => {
  it.each(["https://app.example", "https://app.example:8443", "http://localhost:3000"])(
    "§10.7 §10.12 begins with the app's exact origin: %s",
    async (origin) => {
      const text = await consentText({ redirect_uri: `${origin}/deep/path?q` });
      expect(text.startsWith(`${origin} wants to access your storage`)).toBe(true);
    },
  );

  it("§10.7 §14.1 says which modules the app requests, and whether to write or only to read them", async () => {
    const html = await (await openConsent({ scope: "notes:rw photos:r" })).text();
    expect(mainText(html)).toMatch(/notes.*Read and write.*photos.*Read only/);
    const selects = findElements(html, "select").map(({ name }) => name);
    expect(selects).toEqual(expect.arrayContaining(["level:notes", "level:photos"]));
    // A level that was not requested is not offered.
    expect(html.match(/<option value="rw"/g)).toHaveLength(1);
  });

  it("does not list modules that access to everything includes", async () => {
    const html = await (await openConsent({ scope: "*:rw notes:rw photos:r" })).text();
    const selects = findElements(html, "select").map(({ name }) => name);
    expect(selects).toEqual(["level:*", "duration"]);
    const { scope } = fragmentParameters(
      await submitConsent(alice, { scope: "*:rw notes:rw photos:r" }),
    );
    expect(scope).toBe("*:rw");
  });

  it("says that public documents are included", async () => {
    expect(await consentText({ scope: "notes:r" })).toMatch(/public/);
  });

  it("warns of an app that requests access to everything, and of no other", async () => {
    expect(await consentText({ scope: "*:rw" })).toMatch(/All data.*Few apps need this much/);
    expect(await consentText({ scope: "*:r" })).toMatch(/Few apps need this much/);
    expect(await consentText({ scope: "notes:rw" })).not.toMatch(/Few apps need this much/);
  });

  it.each(["http://localhost:3000", "http://127.0.0.1:8080", "http://[::1]:5000"])(
    "warns of an app that runs on the user's own computer: %s",
    async (origin) => {
      expect(await consentText({ redirect_uri: origin })).toContain("runs on your own computer");
    },
  );

  it("warns of an app that the user has never connected, as far back as the activity log goes", async () => {
    const user = await createUser();
    const origin = "https://unseen.example";
    const text = async () => {
      const url = authorizeUrl(user.name, { redirect_uri: origin });
      return mainText(await (await send(url, { headers: { Cookie: user.cookie } })).text());
    };
    expect(await text()).toContain("haven’t connected this app before");
    await submitConsent(user, { redirect_uri: origin });
    expect(await text()).not.toContain("haven’t connected this app before");
    // A disconnected app is still in the activity log; without that it is unknown again.
    const query = new URLSearchParams({ app: origin });
    await sendForm(`/apps/disconnect?${query}`, {}, { cookie: user.cookie });
    expect(await text()).not.toContain("haven’t connected this app before");
    await env.DB.prepare("DELETE FROM activity").run();
    expect(await text()).toContain("haven’t connected this app before");
  });

  it.each(["https://xn--pple-43d.example", "https://app.xn--e1afmkfd.example"])(
    "shows internationalized domain names in Punycode, and warns: %s",
    async (origin) => {
      const text = await consentText({ redirect_uri: origin });
      expect(text.startsWith(`${origin} wants to access your storage`)).toBe(true);
      expect(text).toContain("look like other letters");
    },
  );

  it("does not warn of plain ASCII names", async () => {
    for (const origin of [APP_ORIGIN, "https://axn--b.example"]) {
      expect(await consentText({ redirect_uri: origin })).not.toContain("look like other letters");
    }
  });

  it("shows the app's icon as decoration and without a referrer; none of an app on this computer", async () => {
    const response = await openConsent();
    const icon = findElements(await response.text(), "img").find(({ src }) =>
      src?.startsWith(APP_ORIGIN),
    );
    expect(icon).toMatchObject({
      src: `${APP_ORIGIN}/favicon.ico`,
      alt: "",
      referrerpolicy: "no-referrer",
    });
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy.split("; ")).toContain(`img-src 'self' data: ${APP_ORIGIN}`);
    const local = await (await openConsent({ redirect_uri: "http://localhost:3000/" })).text();
    expect(local).not.toContain("favicon.ico");
  });

  it("is in German for a browser that prefers it", async () => {
    const headers = { Cookie: alice.cookie, "Accept-Language": "de" };
    const url = authorizeUrl("alice", { scope: "notes:rw *:r" });
    const text = mainText(await (await send(url, { headers })).text());
    expect(text).toMatch(
      /^https:\/\/app\.example möchte auf deinen Speicher zugreifen.*Lesen und schreiben.*Nur lesen/,
    );
  });

  it("does not warn of an app on the web", async () => {
    expect(await consentText()).not.toContain("your own computer");
  });

  it("shows the address of the user's storage", async () => {
    expect(await consentText()).toContain("alice@satchel.example");
  });

  it("offers four durations; for an app that cannot refresh the default is until disconnected", async () => {
    const html = await (await openConsent()).text();
    const offered = findElements(html, "option").map(({ value }) => value);
    expect(offered).toEqual(expect.arrayContaining(["day", "month", "year", "always"]));
    expect(selectedDuration(html)).toBe("always");
  });

  it("has a year as the default for an app that can refresh", async () => {
    expect(selectedDuration(await (await openConsent(await codeFlowQuery())).text())).toBe("year");
  });

  it("grants nothing to GET and HEAD", async () => {
    const before = await allRows();
    const headers = { Cookie: alice.cookie };
    for (const method of ["GET", "HEAD"]) {
      const path = `${authorizeUrl("alice")}&decision=allow&duration=always`;
      expect((await send(path, { method, headers })).status).toBe(200);
    }
    expect(await allRows()).toEqual(before);
  });

  it("is not cached or framed", async () => {
    const { headers } = await openConsent();
    expect(headers.get("cache-control")).toContain("no-store");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
  });

  it.each([
    "https://app.example/cb?a=b",
    "http://localhost:3000/",
    "http://[::1]:5000/",
    "com.example.app:/cb",
  ])("restricts forms to itself, whatever the app: %s", async (redirect_uri) => {
    const { headers } = await openConsent({ ...(await codeFlowQuery()), redirect_uri });
    const policy = headers.get("content-security-policy") ?? "";
    const directives = policy.split(";").map((directive) => directive.trim());
    expect(directives).toContain("form-action 'self'");
    expect(directives).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
  });

  it("has no inline script or style, not even one injected by the request", async () => {
    const evil = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;
    const html = await (
      await openConsent({
        state: evil,
        client_id: evil,
        scope: "notes:rw *:r",
        redirect_uri: `${APP_ORIGIN}/?q='onmouseover=alert(1)`,
        [evil]: evil,
      })
    ).text();
    expect(mainText(html)).toContain(APP_ORIGIN);
    expect(findInlineCode(html)).toEqual([]);
    expect(html).not.toContain("alert(1)");
  });

  it("§10.6 asks another user to sign in as the owner of the storage", async () => {
    const response = await openConsent({ state: "s" }, bob);
    const target = new URL(locationOf(response), ORIGIN);
    expect([target.origin, target.pathname]).toEqual([ORIGIN, "/sign-in"]);
    expect(target.searchParams.get("next")).toBe(authorizeUrl("alice", { state: "s" }));
    const headers = { Cookie: bob.cookie };
    const signIn = await (await send(target.pathname + target.search, { headers })).text();
    expect(mainText(signIn)).toMatch(/signed in as bob.*alice/);
  });

  it("escapes the user name of the URL", async () => {
    const evil = encodeURIComponent(`"><script>alert(1)</script>`);
    const headers = { Cookie: alice.cookie };
    const { search } = new URL(authorizeUrl("alice"), ORIGIN);
    const response = await send(`/oauth/authorize/${evil}${search}`, { headers });
    const signIn = await send(locationOf(response), { headers });
    expect(signIn.status).toBe(200);
    expect(findInlineCode(await signIn.text())).toEqual([]);
  });
});

describe("The consent form", () => {
  it("§10.7 allows: a token with the requested scopes, in the fragment, and one grant", async () => {
    const carol = await createUser();
    const response = await submitConsent(carol, { scope: "notes:rw photos:r" });
    expect([response.status, response.headers.get("location")]).toEqual([200, null]);
    expect(locationOf(response).split("#")[0]).toBe(`${APP_ORIGIN}/`);
    const page = await response.text();
    expect(mainText(page)).toMatch(/^Access allowed Taking you back to https:\/\/app\.example\b/);
    const links = findElements(page, "a").map(({ href }) => href);
    expect(links).toContain(locationOf(response));
    const { access_token, ...rest } = fragmentParameters(response);
    expect(rest).toEqual({ token_type: "bearer", scope: "notes:rw photos:r", iss: ORIGIN });
    expect(await grantRows(carol.name)).toMatchObject([
      { origin: APP_ORIGIN, scope: "notes:rw photos:r", flow: "implicit", expires_at: null },
    ]);
    const app = new TestApp(carol.name, access_token ?? "");
    expect((await app.put("/notes/a", "text")).status).toBe(201);
    expect((await app.put("/photos/a", "text")).status).toBe(403);
  });

  it("§12.3 redirects a client that does not ask for pages", async () => {
    const dave = await createUser();
    const submit = (decision: string) =>
      sendForm(
        authorizeUrl(dave.name),
        { decision, duration: "always" },
        { cookie: dave.cookie, Accept: "*/*" },
      );
    for (const [decision, parameter] of [
      ["allow", "access_token="],
      ["deny", "error=access_denied"],
    ] as const) {
      const response = await submit(decision);
      expect([response.status, response.headers.get("refresh")]).toEqual([302, null]);
      expect(response.headers.get("location")).toMatch(
        new RegExp(`^${APP_ORIGIN}/#(.*&)?${parameter}`),
      );
    }
  });

  it.each<[string, Record<string, string>]>([
    ["with Deny", { decision: "deny" }],
    ["without a decision", { decision: "" }],
    ["with an unknown decision", { decision: "ALLOW" }],
  ])("§10.7 denies %s: access_denied with the state, and nothing is granted", async (_, fields) => {
    const before = await allRows();
    const implicit = await submitConsent(alice, { state: "a b" }, fields);
    expect(fragmentParameters(implicit)).toMatchObject({ error: "access_denied", state: "a b" });
    expect(fragmentParameters(implicit)).not.toHaveProperty("access_token");
    const code = await submitConsent(alice, { ...(await codeFlowQuery()), state: "a b" }, fields);
    const { searchParams } = new URL(locationOf(code));
    expect([
      searchParams.get("error"),
      searchParams.get("state"),
      searchParams.get("code"),
    ]).toEqual(["access_denied", "a b", null]);
    expect(await allRows()).toEqual(before);
  });

  it("narrows one module to reading, which the storage enforces", async () => {
    const carol = await createUser();
    const response = await submitConsent(
      carol,
      { scope: "notes:rw photos:rw" },
      { "level:notes": "r" },
    );
    const { access_token, scope } = fragmentParameters(response);
    expect(scope).toBe("notes:r photos:rw");
    expect((await grantRows(carol.name)).map((grant) => grant.scope)).toEqual([
      "notes:r photos:rw",
    ]);
    const app = new TestApp(carol.name, access_token ?? "");
    expect((await app.get("/notes/")).status).toBe(200);
    expect((await app.put("/notes/a", "text")).status).toBe(403);
    expect((await app.put("/photos/a", "text")).status).toBe(201);
    expect(Object.keys(await (await connectApp(carol)).tree())).toEqual(["/photos/", "/photos/a"]);
  });

  it("narrows access to everything to reading, for a code as for a token", async () => {
    const carol = await createUser();
    const app = await connectAppByForm(carol, "*:rw", { "level:*": "r" });
    expect((await app.get("/")).status).toBe(200);
    expect((await app.put("/notes/a", "text")).status).toBe(403);
    const code = await obtainCode(carol, { scope: "*:rw" }, { "level:*": "r" });
    const tokens = await parseTokens(await redeemCode(code));
    expect(tokens.scope).toBe("*:r");
    expect((await appWithTokens(carol, tokens).put("/notes/a", "text")).status).toBe(403);
  });

  it("leaves out a module: the app is told, and the storage enforces it", async () => {
    const carol = await createUser();
    const query = { scope: "notes:rw photos:rw mail:r" };
    const fields = { "level:photos": "none", "level:mail": "none" };
    const { access_token, scope } = fragmentParameters(await submitConsent(carol, query, fields));
    expect(scope).toBe("notes:rw");
    const app = new TestApp(carol.name, access_token ?? "");
    expect((await app.put("/notes/a", "text")).status).toBe(201);
    expect((await app.get("/photos/")).status).toBe(403);
    const code = await obtainCode(carol, query, fields);
    expect((await parseTokens(await redeemCode(code))).scope).toBe("notes:rw");
    expect(await activityRows(carol.name)).toEqual([
      { kind: "app-allowed", app: APP_ORIGIN, scope: "notes:rw" },
      { kind: "app-allowed", app: APP_ORIGIN, scope: "notes:rw" },
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ["allows nothing", { "level:notes": "none", "level:photos": "none" }],
    ["has an unknown level", { "level:notes": "write" }],
    ["has an empty level", { "level:photos": "" }],
  ])(
    "that %s is refused with 400 and the page again, and nothing is granted",
    async (_, fields) => {
      const before = await allRows();
      for (const query of [{}, await codeFlowQuery()]) {
        const response = await submitConsent(
          alice,
          { ...query, scope: "notes:rw photos:r" },
          fields,
        );
        expect([response.status, response.headers.get("location")]).toEqual([400, null]);
        const html = await response.text();
        expect(html).toContain('role="alert"');
        expect(findElements(html, "select").map(({ name }) => name)).toContain("level:photos");
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it("never allows more than was requested", async () => {
    const fields = { "level:notes": "rw", "level:*": "rw", "level:photos": "rw", scope: "*:rw" };
    const response = await submitConsent(alice, { scope: "notes:r" }, fields);
    expect(fragmentParameters(response).scope).toBe("notes:r");
    const app = new TestApp("alice", fragmentParameters(response).access_token ?? "");
    expect((await app.put("/notes/a", "text")).status).toBe(403);
    expect((await app.get("/photos/")).status).toBe(403);
  });

  it.each([
    ["day", 1],
    ["month", 30],
    ["year", 365],
  ])(
    "§10.11 limits access to a %s: the app is told, and its token expires",
    async (duration, days) => {
      const carol = await createUser();
      const now = Date.now();
      const { access_token, expires_in } = fragmentParameters(
        await submitConsent(carol, {}, { duration }),
      );
      const seconds = days * 24 * 60 * 60;
      expect(Number(expires_in)).toBeGreaterThan(seconds - 60);
      expect(Number(expires_in)).toBeLessThanOrEqual(seconds);
      const [grant] = await grantRows(carol.name);
      expect(Math.abs((grant?.expires_at ?? 0) - now - days * DAY_MS)).toBeLessThan(60 * SECOND_MS);
      const app = new TestApp(carol.name, access_token ?? "");
      advanceClock(days * DAY_MS - 60 * SECOND_MS);
      expect((await app.get("/notes/")).status).toBe(200);
      advanceClock(120 * SECOND_MS);
      expect((await app.get("/notes/")).status).toBe(401);
    },
  );

  it("sets no expiry if the user chooses none", async () => {
    const carol = await createUser();
    const response = await submitConsent(carol, {}, { duration: "always" });
    expect(fragmentParameters(response)).not.toHaveProperty("expires_in");
    expect(await grantRows(carol.name)).toMatchObject([{ expires_at: null }]);
    advanceClock(3650 * DAY_MS);
    const app = new TestApp(carol.name, fragmentParameters(response).access_token ?? "");
    expect((await app.get("/notes/")).status).toBe(200);
  });

  it("sets the expiry of the grant in the code flow", async () => {
    const carol = await createUser();
    const code = await obtainCode(carol, {}, { duration: "month" });
    expect((await parseTokens(await redeemCode(code))).expires_in).toBe(3600);
    const [grant] = await grantRows(carol.name);
    expect(Math.abs((grant?.expires_at ?? 0) - Date.now() - 30 * DAY_MS)).toBeLessThan(
      60 * SECOND_MS,
    );
  });

  it.each(["", "forever", "constructor", "__proto__", "30"])(
    'refuses a duration that it does not offer, "%s", with the page, and nothing is granted',
    async (duration) => {
      const before = await allRows();
      for (const query of [{}, await codeFlowQuery()]) {
        const response = await submitConsent(alice, query, { duration });
        expect([response.status, response.headers.get("location")]).toEqual([400, null]);
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it.each<[string, Record<string, string>]>([
    ["Origin of another site", { Origin: "https://evil.example" }],
    ["Origin of the app", { Origin: APP_ORIGIN }],
    ["opaque Origin", { Origin: "null" }],
    ["Origin of the same host over http", { Origin: "http://satchel.example" }],
    ["Origin of another port", { Origin: "https://satchel.example:8443" }],
    ["Origin with the same beginning", { Origin: "https://satchel.example.evil.example" }],
    ["Origin of a subdomain", { Origin: "https://x.satchel.example" }],
    ["Sec-Fetch-Site: cross-site", { "Sec-Fetch-Site": "cross-site" }],
    ["Sec-Fetch-Site: same-site", { "Sec-Fetch-Site": "same-site" }],
  ])(
    "RFC 6749 §10.12 from another site is refused with 403, and nothing is granted: %s",
    async (_, headers) => {
      const before = await allRows();
      for (const query of [{}, await codeFlowQuery()]) {
        const response = await sendForm(
          authorizeUrl("alice", query),
          { decision: "allow", duration: "always" },
          { cookie: alice.cookie, ...headers },
        );
        expect([response.status, response.headers.get("location")]).toEqual([403, null]);
      }
      expect(await allRows()).toEqual(before);
    },
  );

  it("is accepted as a browser sends it from the page itself", async () => {
    const response = await sendForm(
      authorizeUrl("alice"),
      { decision: "allow", duration: "always" },
      { cookie: alice.cookie, "Sec-Fetch-Site": "same-origin" },
    );
    expect(fragmentParameters(response).access_token).toMatch(/^ey/);
  });

  it("grants nothing if another user sends it", async () => {
    const before = await allRows();
    const fields = { decision: "allow", duration: "always" };
    const response = await sendForm(authorizeUrl("alice"), fields, { cookie: bob.cookie });
    expect(new URL(locationOf(response), ORIGIN).pathname).toBe("/sign-in");
    expect(await allRows()).toEqual(before);
  });
});

describe("An invalid consent form", () => {
  it("is shown again with the user's choices, so that nobody allows more than intended", async () => {
    const query = { scope: "notes:rw photos:rw" };
    const fields = { "level:notes": "none", "level:photos": "none", duration: "day" };
    const response = await submitConsent(alice, query, fields);
    expect(response.status).toBe(400);
    const selected = findElements(await response.text(), "option").filter(
      (option) => option.selected !== undefined,
    );
    expect(selected.map(({ value }) => value)).toEqual(["none", "none", "day"]);
  });
});

describe("Access to everything", () => {
  const expireAuthentication = () =>
    env.DB.prepare("UPDATE sessions SET proved_at = 0 WHERE account = ?").bind(account).run();
  let account: string;
  let carol: TestUser;
  beforeAll(async () => {
    carol = await createUser("carol");
    account = await accountId("carol");
    await expireAuthentication();
  });

  it("requires recent authentication, because the thief of a session could keep it for long", async () => {
    const before = await allRows();
    const url = authorizeUrl("carol", { scope: "*:rw" });
    const page = await send(url, { headers: { Cookie: carol.cookie } });
    const form = await submitConsent(carol, { scope: "*:rw" });
    // From there back to the same request, also if the page was open for too long.
    for (const response of [page, form]) {
      const { pathname, searchParams } = new URL(locationOf(response), ORIGIN);
      expect([response.status, pathname]).toEqual([303, "/confirm"]);
      expect(searchParams.get("next")).toBe(url);
    }
    expect(await allRows()).toEqual(before);
  });

  it("is the only scope that requires it", async () => {
    const response = await submitConsent(carol, { scope: "notes:rw" });
    expect(fragmentParameters(response).access_token).toMatch(/^ey/);
  });
});

it("The consents of one user are rate limited; denials are not", async () => {
  freezeClock();
  const dave = await createUser("dave");
  const deny = () => submitConsent(dave, {}, { decision: "deny" });
  const allow = () => submitConsent(dave);
  const account = await accountId("dave");
  // The burst of 300, but one.
  for (let forms = 1; forms < 300; forms++) expect(limitUser(account, Date.now())).toBeNull();
  expect((await allow()).status).toBe(200);
  const response = await allow();
  expect(response.status).toBe(429);
  const before = await allRows();
  expect((await allow()).status).toBe(429);
  expect(await allRows()).toEqual(before);
  expect(locationOf(await deny())).toContain("error=access_denied");
  expect((await submitConsent(bob)).status).toBe(200);
  advanceClock(Number(response.headers.get("retry-after")) * SECOND_MS);
  expect((await allow()).status).toBe(200);
});

describe("An app that is already connected", () => {
  it("is shown with its scopes, but not to another user", async () => {
    const [user, other] = [await createUser(), await createUser()];
    await submitConsent(user, { scope: "notes:rw" });
    const page = async ({ name, cookie }: TestUser) =>
      mainText(
        await (
          await send(authorizeUrl(name, { scope: "notes:r" }), { headers: { Cookie: cookie } })
        ).text(),
      );
    expect(await page(user)).toContain("Already connected: notes (read and write)");
    expect(await page(other)).not.toContain("Already connected");
  });
});
