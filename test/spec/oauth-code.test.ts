/** The token endpoint: authorization codes with PKCE, refresh tokens. §10.1, RFC 6749, RFC 7636. */

import { beforeAll, describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, MINUTE_MS, SECOND_MS } from "../support/clock";
import {
  allowCode,
  appWith,
  askForTokens,
  challengeOf,
  oauthError,
  redeem,
  refresh,
  revoke,
  type Tokens,
  tokensIn,
  tokensOf,
  VERIFIER,
} from "../support/oauth";
import { activityRows, allRows, grantRows } from "../support/rows";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  fragmentParameters,
  send,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

const INVALID_GRANT = [400, "invalid_grant"];
const INVALID_REQUEST = [400, "invalid_request"];

/** Neither the access token nor the refresh token is worth anything. */
async function expectDead(person: TestUser, tokens: Tokens): Promise<void> {
  expect((await appWith(person, tokens).get("/notes/")).status).toBe(401);
  expect(await oauthError(await refresh(tokens.refresh_token))).toEqual(INVALID_GRANT);
}

describe("A code", () => {
  it("§10.1-1 §10.1-5 §8.1 is redeemed with its verifier for tokens that open the storage", async () => {
    const carol = await createUser();
    const code = await allowCode(carol, { scope: "notes:rw photos:r" });
    expect(await grantRows(carol.name)).toEqual([]);
    const response = await redeem(code);
    expect(response.status).toBe(200);
    const tokens = (await response.json()) as Tokens;
    expect(tokens).toEqual({
      access_token: expect.any(String),
      token_type: "bearer",
      expires_in: 3600,
      refresh_token: expect.any(String),
      scope: "notes:rw photos:r",
    });
    expect(await grantRows(carol.name)).toMatchObject([
      { origin: APP_ORIGIN, scope: "notes:rw photos:r", flow: "code" },
    ]);
    const app = appWith(carol, tokens);
    expect((await app.put("/notes/a", "text")).status).toBe(201);
    expect((await app.get("/photos/")).status).toBe(200);
  });

  it("§10.1-7 gives a token that is bound to its scopes like any other", async () => {
    const app = appWith(alice, await tokensOf(alice, "photos:r"));
    expect((await app.get("/photos/")).status).toBe(200);
    expect((await app.get("/public/photos/")).status).toBe(200);
    expect((await app.put("/photos/a", "text")).status).toBe(403);
    expect((await app.get("/notes/")).status).toBe(403);
    expect((await app.get("/")).status).toBe(403);
  });

  it("RFC 6749 §5.1 is answered with JSON that no cache keeps, and pages of any origin may read", async () => {
    const { headers } = await redeem(await allowCode(alice));
    expect(headers.get("content-type")).toMatch(/^application\/json\b/);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("pragma")).toBe("no-cache");
    expect(headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  });

  it("RFC 6749 §10.5 stands nowhere in the index, nor do the tokens", async () => {
    const code = await allowCode(alice);
    const tokens = await tokensIn(await redeem(code));
    const { refresh_token } = await tokensIn(await refresh(tokens.refresh_token));
    const rows = JSON.stringify(await allRows());
    expect(rows).toContain(await challengeOf(refresh_token)); // its hash
    for (const secret of [code, tokens.access_token, tokens.refresh_token, refresh_token]) {
      expect(rows).not.toContain(secret);
    }
  });

  it("RFC 6749 §10.10 is long and never the same", async () => {
    const codes = [await allowCode(alice), await allowCode(alice), await allowCode(alice)];
    expect(new Set(codes).size).toBe(3);
    // 256 bits are 43 characters of base64url.
    for (const code of codes) expect(code).toMatch(/^[\w-]{43,}$/);
  });

  it("RFC 6749 §4.1.2 that is used again ends the grant: its access token stops at once", async () => {
    const carol = await createUser();
    const other = await connectApp(carol, "notes:rw");
    const code = await allowCode(carol);
    const tokens = await tokensIn(await redeem(code));
    expect((await appWith(carol, tokens).get("/notes/")).status).toBe(200);
    expect(await oauthError(await redeem(code))).toEqual(INVALID_GRANT);
    await expectDead(carol, tokens);
    expect((await other.get("/notes/")).status).toBe(200);
    expect(await grantRows(carol.name)).toHaveLength(1);
    expect(await oauthError(await redeem(code))).toEqual(INVALID_GRANT);
  });

  it("RFC 6749 §4.1.2 that was used ends what its refresh tokens have come to", async () => {
    const carol = await createUser();
    const code = await allowCode(carol);
    const first = await tokensIn(await redeem(code));
    const second = await tokensIn(await refresh(first.refresh_token));
    expect(await oauthError(await redeem(code))).toEqual(INVALID_GRANT);
    await expectDead(carol, second);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it("RFC 6749 §4.1.2 that many redeem at once makes one grant at most, and the replays end it", async () => {
    const carol = await createUser();
    const code = await allowCode(carol);
    const responses = await Promise.all(Array.from({ length: 10 }, () => redeem(code)));
    const winners = responses.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    for (const response of responses) {
      if (response.status !== 200) expect(await oauthError(response)).toEqual(INVALID_GRANT);
    }
    await expectDead(carol, (await winners[0]?.json()) as Tokens);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it.each([
    ["another verifier", { code_verifier: VERIFIER.replace("a", "b") }],
    ["a verifier with an ending more", { code_verifier: `${VERIFIER}x` }],
    ["a verifier that is too short", { code_verifier: "a".repeat(42) }],
    ["a verifier that is too long", { code_verifier: "a".repeat(129) }],
    ["another redirect_uri of the same origin", { redirect_uri: `${APP_ORIGIN}/other` }],
    ["its redirect_uri written otherwise", { redirect_uri: APP_ORIGIN }],
    ["a redirect_uri of another origin", { redirect_uri: "https://evil.example/" }],
    ["a redirect_uri that is none", { redirect_uri: "javascript:alert(1)" }],
  ])("§10.1-5 §10.1-7 RFC 7636 §4.6 with %s is refused, no grant is made", async (_, change) => {
    const code = await allowCode(alice);
    const before = await allRows();
    expect(await oauthError(await redeem(code, change))).toEqual(INVALID_GRANT);
    expect(await allRows()).toEqual(before);
  });

  it("§10.1-5 with the challenge for a verifier is refused, no grant is made", async () => {
    const code = await allowCode(alice);
    const before = await allRows();
    const challenge = { code_verifier: await challengeOf(VERIFIER) };
    expect(await oauthError(await redeem(code, challenge))).toEqual(INVALID_GRANT);
    expect(await allRows()).toEqual(before);
  });

  it("RFC 6749 §4.1.2 that is older than a minute is refused, no grant is made", async () => {
    const code = await allowCode(alice);
    const before = await allRows();
    advanceClock(MINUTE_MS + SECOND_MS);
    expect(await oauthError(await redeem(code))).toEqual(INVALID_GRANT);
    expect(await allRows()).toEqual(before);
  });

  it.each(["x", "a".repeat(43), "' OR 1=1 --", "\u0000", "a".repeat(10_000)])(
    "that was never given is refused: %j",
    async (code) => {
      const before = await allRows();
      expect(await oauthError(await redeem(code))).toEqual(INVALID_GRANT);
      expect(await allRows()).toEqual(before);
    },
  );

  it("is not a refresh token, nor a refresh token a code", async () => {
    const code = await allowCode(alice);
    expect(await oauthError(await refresh(code))).toEqual(INVALID_GRANT);
    const { refresh_token, access_token } = await tokensIn(await redeem(code));
    const before = await allRows();
    expect(await oauthError(await redeem(refresh_token))).toEqual(INVALID_GRANT);
    expect(await oauthError(await redeem(access_token))).toEqual(INVALID_GRANT);
    expect(await oauthError(await refresh(access_token))).toEqual(INVALID_GRANT);
    expect(await allRows()).toEqual(before);
  });
});

describe("A refresh token", () => {
  it("RFC 6749 §6 is exchanged for a new access token and the next refresh token", async () => {
    const carol = await createUser();
    const first = await tokensOf(carol);
    const response = await refresh(first.refresh_token);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    const second = await tokensIn(response);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second).toMatchObject({ token_type: "bearer", expires_in: 3600, scope: "notes:rw" });
    expect((await appWith(carol, second).put("/notes/a", "text")).status).toBe(201);
    expect(await grantRows(carol.name)).toHaveLength(1);
    const third = await tokensIn(await refresh(second.refresh_token));
    expect((await appWith(carol, third).get("/notes/a")).status).toBe(200);
  });

  it("§10.11 goes on where access tokens end after an hour", async () => {
    const first = await tokensOf(alice);
    advanceClock(3600 * SECOND_MS - MINUTE_MS);
    expect((await appWith(alice, first).get("/notes/")).status).toBe(200);
    advanceClock(2 * MINUTE_MS);
    const refused = await appWith(alice, first).get("/notes/");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('error="invalid_token"');
    const second = await tokensIn(await refresh(first.refresh_token));
    expect((await appWith(alice, second).get("/notes/")).status).toBe(200);
  });

  it("RFC 9700 §4.14.2 that is used again ends everything that came of it", async () => {
    const carol = await createUser();
    const other = await connectApp(carol, "notes:rw");
    const first = await tokensOf(carol);
    const second = await tokensIn(await refresh(first.refresh_token));
    const third = await tokensIn(await refresh(second.refresh_token));
    expect(await oauthError(await refresh(first.refresh_token))).toEqual(INVALID_GRANT);
    await expectDead(carol, first);
    await expectDead(carol, second);
    await expectDead(carol, third);
    expect((await other.get("/notes/")).status).toBe(200);
    expect(await grantRows(carol.name)).toHaveLength(1);
    const ended = { kind: "app-ended", app: APP_ORIGIN, why: "replay" };
    expect((await activityRows(carol.name)).filter(({ kind }) => kind === "app-ended")).toEqual([
      ended,
    ]);
  });

  it("RFC 9700 §4.14.2 that many use at once is exchanged once, and the replays end the grant", async () => {
    const carol = await createUser();
    const { refresh_token } = await tokensOf(carol);
    const responses = await Promise.all(Array.from({ length: 10 }, () => refresh(refresh_token)));
    const winners = responses.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    await expectDead(carol, (await winners[0]?.json()) as Tokens);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it.each([
    ["notes:rw photos:rw", "notes:r"],
    ["notes:rw photos:rw", "photos:r notes:r"],
    ["*:rw", "notes:r"],
    ["*:rw", "*:r"],
  ])("RFC 6749 §6 of %s gives a narrower access token, %s, which holds", async (scope, narrow) => {
    const first = await tokensOf(alice, scope);
    const second = await tokensIn(await refresh(first.refresh_token, { scope: narrow }));
    expect(second.scope).toBe(narrow);
    const app = appWith(alice, second);
    expect((await app.get("/notes/")).status).toBe(200);
    expect((await app.put("/notes/narrow", "text")).status).toBe(403);
    const again = await tokensIn(await refresh(second.refresh_token));
    expect(again.scope).toBe(scope);
    expect((await appWith(alice, again).put("/notes/wide", "text")).ok).toBe(true);
  });

  it.each([
    ["notes:r", "notes:rw"],
    ["notes:rw", "notes:rw photos:r"],
    ["notes:rw", "*:r"],
    ["*:r", "*:rw"],
    ["*:r", "notes:rw"],
    ["notes:rw", "public:r"],
    ["notes:rw", "nonsense"],
  ])("RFC 6749 §6 of %s does not give %s; nothing changes", async (scope, wide) => {
    const { refresh_token } = await tokensOf(alice, scope);
    const before = await allRows();
    const response = await refresh(refresh_token, { scope: wide });
    expect(await oauthError(response)).toEqual([400, "invalid_scope"]);
    expect(await allRows()).toEqual(before);
    expect((await tokensIn(await refresh(refresh_token))).scope).toBe(scope);
  });

  it("RFC 6749 §3.2 with a scope without a value gives what was granted", async () => {
    const { refresh_token } = await tokensOf(alice);
    expect((await tokensIn(await refresh(refresh_token, { scope: "" }))).scope).toBe("notes:rw");
  });

  it("keeps to what the person has narrowed", async () => {
    const { refresh_token, scope } = await tokensOf(alice, "notes:rw", { "level:notes": "r" });
    expect(scope).toBe("notes:r");
    const response = await refresh(refresh_token, { scope: "notes:rw" });
    expect(await oauthError(response)).toEqual([400, "invalid_scope"]);
  });

  it("ends when nobody has used it for half a year", async () => {
    const { refresh_token } = await tokensOf(alice, "notes:rw", { duration: "always" });
    advanceClock(179 * DAY_MS);
    const next = await tokensIn(await refresh(refresh_token));
    advanceClock(179 * DAY_MS);
    const last = await tokensIn(await refresh(next.refresh_token));
    advanceClock(181 * DAY_MS);
    expect(await oauthError(await refresh(last.refresh_token))).toEqual(INVALID_GRANT);
  });

  it("ends with its grant, and no access token outlives it", async () => {
    const carol = await createUser();
    const first = await tokensOf(carol, "notes:rw", { duration: "month" });
    advanceClock(30 * DAY_MS - MINUTE_MS);
    const last = await tokensIn(await refresh(first.refresh_token));
    expect(last.expires_in).toBeLessThanOrEqual(60);
    expect((await appWith(carol, last).get("/notes/")).status).toBe(200);
    advanceClock(2 * MINUTE_MS);
    await expectDead(carol, last);
  });

  it("of another person gives nothing of one's own", async () => {
    const bob = await createUser();
    const tokens = await tokensIn(await refresh((await tokensOf(bob)).refresh_token));
    expect((await appWith(alice, tokens).get("/notes/")).status).toBe(403);
    expect((await appWith(bob, tokens).get("/notes/")).status).toBe(200);
  });

  it.each(["x", "a".repeat(43), "' OR 1=1 --"])(
    "that was never given is refused: %j",
    async (token) => {
      const before = await allRows();
      expect(await oauthError(await refresh(token))).toEqual(INVALID_GRANT);
      expect(await allRows()).toEqual(before);
    },
  );
});

describe("The token endpoint", () => {
  const sound = async () => ({
    grant_type: "authorization_code",
    code: await allowCode(alice),
    redirect_uri: `${APP_ORIGIN}/`,
    code_verifier: VERIFIER,
  });

  it.each(["grant_type", "code", "redirect_uri", "code_verifier"])(
    "RFC 6749 §5.2 RFC 7636 §4.5 without %s, or with no value for it, is invalid_request; no grant is made",
    async (name) => {
      const { [name]: _, ...fields } = (await sound()) as Record<string, string>;
      const before = await allRows();
      expect(await oauthError(await askForTokens(fields))).toEqual(INVALID_REQUEST);
      const empty = await askForTokens({ ...fields, [name]: "" });
      expect(await oauthError(empty)).toEqual(INVALID_REQUEST);
      expect(await allRows()).toEqual(before);
    },
  );

  it("RFC 6749 §5.2 without a refresh_token is invalid_request", async () => {
    expect(await oauthError(await askForTokens({ grant_type: "refresh_token" }))).toEqual(
      INVALID_REQUEST,
    );
    expect(await oauthError(await refresh(""))).toEqual(INVALID_REQUEST);
  });

  it.each(["grant_type", "code", "redirect_uri", "code_verifier"])(
    "RFC 6749 §3.2 with %s twice is invalid_request; no grant is made",
    async (name) => {
      const form = new URLSearchParams(await sound());
      form.append(name, form.get(name) ?? "");
      const before = await allRows();
      expect(await oauthError(await askForTokens(form))).toEqual(INVALID_REQUEST);
      expect(await allRows()).toEqual(before);
    },
  );

  it("RFC 6749 §3.2 ignores parameters that it does not know", async () => {
    const form = { ...(await sound()), client_id: "whoever", audience: "x", client_secret: "" };
    expect((await askForTokens(form)).status).toBe(200);
  });

  it.each(["password", "client_credentials", "implicit", "AUTHORIZATION_CODE", "constructor"])(
    "RFC 6749 §5.2 with grant_type %s is unsupported_grant_type; no grant is made",
    async (grant_type) => {
      const fields = {
        ...(await sound()),
        grant_type,
        username: "alice",
        password: "correct horse battery",
      };
      const before = await allRows();
      expect(await oauthError(await askForTokens(fields))).toEqual([400, "unsupported_grant_type"]);
      expect(await allRows()).toEqual(before);
    },
  );

  it.each([
    ["application/json", (form: Record<string, string>) => JSON.stringify(form)],
    ["text/plain", (form: Record<string, string>) => `${new URLSearchParams(form)}`],
    [
      "application/x-www-form-urlencoded-not",
      (form: Record<string, string>) => `${new URLSearchParams(form)}`,
    ],
    ["", (form: Record<string, string>) => `${new URLSearchParams(form)}`],
  ])(
    "RFC 6749 §4.1.3 with a body of type '%s' is invalid_request; no grant is made",
    async (type, write) => {
      const body = new TextEncoder().encode(write(await sound()));
      const before = await allRows();
      const headers = { Origin: APP_ORIGIN, ...(type ? { "Content-Type": type } : {}) };
      const response = await send("/oauth/token", { method: "POST", body, headers });
      expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
      expect(await oauthError(response)).toEqual(INVALID_REQUEST);
      expect(await allRows()).toEqual(before);
    },
  );

  it("RFC 6749 §4.1.3 takes a form whose type names its charset", async () => {
    const response = await send("/oauth/token", {
      method: "POST",
      body: `${new URLSearchParams(await sound())}`,
      headers: { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" },
    });
    expect(response.status).toBe(200);
  });

  it("RFC 6749 §5.2 refuses in JSON that no cache keeps and pages of any origin may read", async () => {
    const response = await redeem("x");
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toMatch(/^application\/json\b/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    // RFC 6749 §5.2: error_description "MUST NOT include characters outside the set [...]"
    expect(await response.json()).toEqual({
      error: "invalid_grant",
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
    });
  });

  it("answers the preflight of a page of any origin", async () => {
    for (const path of ["/oauth/token", "/oauth/revoke"]) {
      const preflight = await send(path, {
        method: "OPTIONS",
        headers: {
          Origin: APP_ORIGIN,
          "Access-Control-Request-Method": "POST",
          "Access-Control-Request-Headers": "content-type",
        },
      });
      expect(preflight.ok).toBe(true);
      expect(preflight.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
      expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
      expect(preflight.headers.get("access-control-allow-headers")).toMatch(/content-type/i);
    }
  });

  it("RFC 6749 §3.2 gives nothing to GET", async () => {
    const before = await allRows();
    const response = await send(`/oauth/token?${new URLSearchParams(await sound())}`);
    expect([404, 405]).toContain(response.status);
    expect((await allRows()).grants).toEqual(before.grants);
  });

  it("takes the code from the body alone, never from the URL", async () => {
    const query = new URLSearchParams(await sound());
    const before = await allRows();
    const response = await send(`/oauth/token?${query}`, {
      method: "POST",
      body: new URLSearchParams(),
    });
    expect(await oauthError(response)).toEqual(INVALID_REQUEST);
    expect(await allRows()).toEqual(before);
  });
});

describe("§8.4 Tokens of two apps, or of one app twice,", () => {
  it("are two tokens of two grants: one ends while the others go on", async () => {
    const carol = await createUser();
    const tokens = [
      fragmentParameters(await submitConsent(carol)).access_token ?? "",
      fragmentParameters(await submitConsent(carol)).access_token ?? "",
      fragmentParameters(await submitConsent(carol, { redirect_uri: "https://b.example" }))
        .access_token ?? "",
      (await tokensOf(carol)).access_token,
      (await tokensOf(carol)).access_token,
    ];
    expect(new Set(tokens).size).toBe(5);
    for (const [index, token] of tokens.entries()) {
      expect((await revoke({ token })).status).toBe(200);
      const statuses = await Promise.all(
        tokens.map(async (each) => (await new TestApp(carol.name, each).get("/notes/")).status),
      );
      expect(statuses).toEqual(tokens.map((_, i) => (i <= index ? 401 : 200)));
    }
  });
});
