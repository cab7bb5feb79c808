/** The token endpoint: authorization codes with PKCE and refresh tokens. §10.1, RFC 6749, RFC 7636. */

import { beforeAll, describe, expect, it } from "vitest";
import { advanceClock, DAY_MS, MINUTE_MS, SECOND_MS } from "../support/clock";
import {
  appWithTokens,
  CODE_VERIFIER,
  oauthError,
  obtainCode,
  obtainTokens,
  parseTokens,
  postTokenRequest,
  redeemCode,
  refreshTokens,
  revokeToken,
  s256Challenge,
  type Tokens,
} from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  fragmentParameters,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { activityRows, allRows, grantRows } from "../support/rows";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

const INVALID_GRANT = [400, "invalid_grant"];
const INVALID_REQUEST = [400, "invalid_request"];

/** Neither the access token nor the refresh token is valid any more. */
async function expectRevoked(user: TestUser, tokens: Tokens): Promise<void> {
  expect((await appWithTokens(user, tokens).get("/notes/")).status).toBe(401);
  expect(await oauthError(await refreshTokens(tokens.refresh_token))).toEqual(INVALID_GRANT);
}

describe("A code", () => {
  it("§10.1-1 §10.1-5 §8.1 is redeemed with its verifier for tokens that open the storage", async () => {
    const carol = await createUser();
    const code = await obtainCode(carol, { scope: "notes:rw photos:r" });
    expect(await grantRows(carol.name)).toEqual([]);
    const response = await redeemCode(code);
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
    const app = appWithTokens(carol, tokens);
    expect((await app.put("/notes/a", "text")).status).toBe(201);
    expect((await app.get("/photos/")).status).toBe(200);
  });

  it("§10.1-7 gives a token that is restricted to its scopes", async () => {
    const app = appWithTokens(alice, await obtainTokens(alice, "photos:r"));
    expect((await app.get("/photos/")).status).toBe(200);
    expect((await app.get("/public/photos/")).status).toBe(200);
    expect((await app.put("/photos/a", "text")).status).toBe(403);
    expect((await app.get("/notes/")).status).toBe(403);
    expect((await app.get("/")).status).toBe(403);
  });

  it("RFC 6749 §5.1 gets a JSON response that is not cached and can be read from any origin", async () => {
    const { headers } = await redeemCode(await obtainCode(alice));
    expect(headers.get("content-type")).toMatch(/^application\/json\b/);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("pragma")).toBe("no-cache");
    expect(headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  });

  it("RFC 6749 §10.5 is stored only as a hash, as are the tokens", async () => {
    const code = await obtainCode(alice);
    const tokens = await parseTokens(await redeemCode(code));
    const { refresh_token } = await parseTokens(await refreshTokens(tokens.refresh_token));
    const rows = JSON.stringify(await allRows());
    expect(rows).toContain(await s256Challenge(refresh_token)); // its hash
    for (const secret of [code, tokens.access_token, tokens.refresh_token, refresh_token]) {
      expect(rows).not.toContain(secret);
    }
  });

  it("RFC 6749 §10.10 is long and unique", async () => {
    const codes = [await obtainCode(alice), await obtainCode(alice), await obtainCode(alice)];
    expect(new Set(codes).size).toBe(3);
    // 256 bits are 43 characters of base64url.
    for (const code of codes) expect(code).toMatch(/^[\w-]{43,}$/);
  });

  it("that is sent again, because the response was lost, gets the same refresh token again", async () => {
    const carol = await createUser();
    const code = await obtainCode(carol);
    const first = await parseTokens(await redeemCode(code));
    const before = await allRows();
    const again = await parseTokens(await redeemCode(code));
    expect(again.refresh_token).toBe(first.refresh_token);
    expect(await allRows()).toEqual(before);
    for (const tokens of [first, again]) {
      expect((await appWithTokens(carol, tokens).get("/notes/")).status).toBe(200);
    }
    await parseTokens(await refreshTokens(again.refresh_token));
  });

  it.each<[string, Record<string, string>, number]>([
    ["a minute later", {}, MINUTE_MS],
    ["with another verifier", { code_verifier: `${CODE_VERIFIER}x` }, 0],
    ["with another redirect_uri", { redirect_uri: `${APP_ORIGIN}/other` }, 0],
  ])(
    "RFC 6749 §4.1.2 that is replayed %s revokes the grant: its access token is refused at once",
    async (_, change, delay) => {
      const carol = await createUser();
      const other = await connectApp(carol, "notes:rw");
      const code = await obtainCode(carol);
      const tokens = await parseTokens(await redeemCode(code));
      expect((await appWithTokens(carol, tokens).get("/notes/")).status).toBe(200);
      advanceClock(delay);
      expect(await oauthError(await redeemCode(code, change))).toEqual(INVALID_GRANT);
      await expectRevoked(carol, tokens);
      expect((await other.get("/notes/")).status).toBe(200);
      expect(await grantRows(carol.name)).toHaveLength(1);
      expect(await oauthError(await redeemCode(code))).toEqual(INVALID_GRANT);
    },
  );

  it("RFC 6749 §4.1.2 that is replayed after its tokens were refreshed revokes these too", async () => {
    const carol = await createUser();
    const code = await obtainCode(carol);
    const first = await parseTokens(await redeemCode(code));
    const second = await parseTokens(await refreshTokens(first.refresh_token));
    expect(await oauthError(await redeemCode(code))).toEqual(INVALID_GRANT);
    await expectRevoked(carol, second);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it("that is redeemed many times at once makes one grant with one refresh token", async () => {
    const carol = await createUser();
    const code = await obtainCode(carol);
    const responses = await Promise.all(Array.from({ length: 10 }, () => redeemCode(code)));
    const tokens = await Promise.all(responses.map(parseTokens));
    expect(new Set(tokens.map(({ refresh_token }) => refresh_token)).size).toBe(1);
    expect(await grantRows(carol.name)).toHaveLength(1);
    expect((await appWithTokens(carol, tokens[0] as Tokens).get("/notes/")).status).toBe(200);
  });

  it("whose grant the user has ended does not bring it back when it is sent again", async () => {
    const carol = await createUser();
    const code = await obtainCode(carol);
    await parseTokens(await redeemCode(code));
    await sendForm("/apps/disconnect-all", {}, { cookie: carol.cookie });
    const before = await allRows();
    expect(await oauthError(await redeemCode(code))).toEqual(INVALID_GRANT);
    expect(await grantRows(carol.name)).toEqual([]);
    expect(await allRows()).toEqual(before);
  });

  it.each([
    ["another verifier", { code_verifier: CODE_VERIFIER.replace("a", "b") }],
    ["a verifier with another character", { code_verifier: `${CODE_VERIFIER}x` }],
    ["a verifier that is too short", { code_verifier: "a".repeat(42) }],
    ["a verifier that is too long", { code_verifier: "a".repeat(129) }],
    ["another redirect_uri of the same origin", { redirect_uri: `${APP_ORIGIN}/other` }],
    ["its redirect_uri in another spelling", { redirect_uri: APP_ORIGIN }],
    ["a redirect_uri of another origin", { redirect_uri: "https://evil.example/" }],
    ["an invalid redirect_uri", { redirect_uri: "javascript:alert(1)" }],
  ])(
    "§10.1-5 §10.1-7 RFC 7636 §4.6 with %s is refused, and no grant is made",
    async (_, change) => {
      const code = await obtainCode(alice);
      const before = await allRows();
      expect(await oauthError(await redeemCode(code, change))).toEqual(INVALID_GRANT);
      expect(await allRows()).toEqual(before);
    },
  );

  it("§10.1-5 with the challenge as the verifier is refused, and no grant is made", async () => {
    const code = await obtainCode(alice);
    const before = await allRows();
    const challenge = { code_verifier: await s256Challenge(CODE_VERIFIER) };
    expect(await oauthError(await redeemCode(code, challenge))).toEqual(INVALID_GRANT);
    expect(await allRows()).toEqual(before);
  });

  it("RFC 6749 §4.1.2 that is older than a minute is refused, and no grant is made", async () => {
    const code = await obtainCode(alice);
    const before = await allRows();
    advanceClock(MINUTE_MS + SECOND_MS);
    expect(await oauthError(await redeemCode(code))).toEqual(INVALID_GRANT);
    expect(await allRows()).toEqual(before);
  });

  it.each(["x", "a".repeat(43), "' OR 1=1 --", "\u0000", "a".repeat(10_000)])(
    "that was never issued is refused: %j",
    async (code) => {
      const before = await allRows();
      expect(await oauthError(await redeemCode(code))).toEqual(INVALID_GRANT);
      expect(await allRows()).toEqual(before);
    },
  );

  it("is not accepted as a refresh token, nor a refresh token as a code", async () => {
    const code = await obtainCode(alice);
    expect(await oauthError(await refreshTokens(code))).toEqual(INVALID_GRANT);
    const { refresh_token, access_token } = await parseTokens(await redeemCode(code));
    const before = await allRows();
    expect(await oauthError(await redeemCode(refresh_token))).toEqual(INVALID_GRANT);
    expect(await oauthError(await redeemCode(access_token))).toEqual(INVALID_GRANT);
    expect(await oauthError(await refreshTokens(access_token))).toEqual(INVALID_GRANT);
    expect(await allRows()).toEqual(before);
  });
});

describe("A refresh token", () => {
  it("RFC 6749 §6 is exchanged for a new access token and the next refresh token", async () => {
    const carol = await createUser();
    const first = await obtainTokens(carol);
    const response = await refreshTokens(first.refresh_token);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    const second = await parseTokens(response);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(second).toMatchObject({ token_type: "bearer", expires_in: 3600, scope: "notes:rw" });
    expect((await appWithTokens(carol, second).put("/notes/a", "text")).status).toBe(201);
    expect(await grantRows(carol.name)).toHaveLength(1);
    const third = await parseTokens(await refreshTokens(second.refresh_token));
    expect((await appWithTokens(carol, third).get("/notes/a")).status).toBe(200);
  });

  it("§10.11 renews access after the access token has expired after an hour", async () => {
    const first = await obtainTokens(alice);
    advanceClock(3600 * SECOND_MS - MINUTE_MS);
    expect((await appWithTokens(alice, first).get("/notes/")).status).toBe(200);
    advanceClock(2 * MINUTE_MS);
    const refused = await appWithTokens(alice, first).get("/notes/");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('error="invalid_token"');
    const second = await parseTokens(await refreshTokens(first.refresh_token));
    expect((await appWithTokens(alice, second).get("/notes/")).status).toBe(200);
  });

  it("that two tabs use within a minute, or that is sent again, gets the same successor", async () => {
    const carol = await createUser();
    const { refresh_token } = await obtainTokens(carol, "notes:rw photos:r");
    const first = await parseTokens(await refreshTokens(refresh_token));
    advanceClock(MINUTE_MS - SECOND_MS);
    const before = await allRows();
    const again = await parseTokens(await refreshTokens(refresh_token, { scope: "notes:r" }));
    expect(again).toMatchObject({ refresh_token: first.refresh_token, scope: "notes:r" });
    expect(await allRows()).toEqual(before);
    for (const tokens of [first, again]) {
      expect((await appWithTokens(carol, tokens).get("/notes/")).status).toBe(200);
    }
    const wide = await refreshTokens(refresh_token, { scope: "mail:r" });
    expect(await oauthError(wide)).toEqual([400, "invalid_scope"]);
    await parseTokens(await refreshTokens(again.refresh_token));
  });

  it("that is used many times at once has one successor", async () => {
    const carol = await createUser();
    const { refresh_token } = await obtainTokens(carol);
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => refreshTokens(refresh_token)),
    );
    const tokens = await Promise.all(responses.map(parseTokens));
    expect(new Set(tokens.map((each) => each.refresh_token)).size).toBe(1);
    await parseTokens(await refreshTokens(tokens[0]?.refresh_token ?? ""));
  });

  it.each([
    ["after its successor was used", 0],
    ["more than a minute later", MINUTE_MS],
  ])(
    "RFC 9700 §4.14.2 that is replayed revokes the grant with all its tokens: %s",
    async (_, delay) => {
      const carol = await createUser();
      const other = await connectApp(carol, "notes:rw");
      const all = [await obtainTokens(carol)];
      for (let i = delay === 0 ? 2 : 1; i > 0; i--) {
        all.push(await parseTokens(await refreshTokens(all.at(-1)?.refresh_token ?? "")));
      }
      advanceClock(delay);
      const replayed = await refreshTokens(all[0]?.refresh_token ?? "");
      expect(await oauthError(replayed)).toEqual(INVALID_GRANT);
      for (const tokens of all) await expectRevoked(carol, tokens);
      expect((await other.get("/notes/")).status).toBe(200);
      expect(await grantRows(carol.name)).toHaveLength(1);
      const ended = { kind: "app-ended", app: APP_ORIGIN, why: "replay" };
      expect((await activityRows(carol.name)).filter(({ kind }) => kind === "app-ended")).toEqual([
        ended,
      ]);
    },
  );

  it("RFC 9700 §4.14.2 that a thief used in that minute reveals the theft at the next exchange", async () => {
    const carol = await createUser();
    const stolen = await obtainTokens(carol);
    const app = await parseTokens(await refreshTokens(stolen.refresh_token));
    const thief = await parseTokens(await refreshTokens(stolen.refresh_token));
    const renewed = await parseTokens(await refreshTokens(thief.refresh_token));
    advanceClock(MINUTE_MS);
    expect(await oauthError(await refreshTokens(app.refresh_token))).toEqual(INVALID_GRANT);
    await expectRevoked(carol, renewed);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it.each([
    ["notes:rw photos:rw", "notes:r"],
    ["notes:rw photos:rw", "photos:r notes:r"],
    ["*:rw", "notes:r"],
    ["*:rw", "*:r"],
  ])(
    "RFC 6749 §6 of %s gives a narrower access token, %s, which the storage enforces",
    async (scope, narrow) => {
      const first = await obtainTokens(alice, scope);
      const second = await parseTokens(await refreshTokens(first.refresh_token, { scope: narrow }));
      expect(second.scope).toBe(narrow);
      const app = appWithTokens(alice, second);
      expect((await app.get("/notes/")).status).toBe(200);
      expect((await app.put("/notes/narrow", "text")).status).toBe(403);
      const again = await parseTokens(await refreshTokens(second.refresh_token));
      expect(again.scope).toBe(scope);
      expect((await appWithTokens(alice, again).put("/notes/wide", "text")).ok).toBe(true);
    },
  );

  it.each([
    ["notes:r", "notes:rw"],
    ["notes:rw", "notes:rw photos:r"],
    ["notes:rw", "*:r"],
    ["*:r", "*:rw"],
    ["*:r", "notes:rw"],
    ["notes:rw", "public:r"],
    ["notes:rw", "nonsense"],
  ])("RFC 6749 §6 of %s does not give %s, and nothing changes", async (scope, wide) => {
    const { refresh_token } = await obtainTokens(alice, scope);
    const before = await allRows();
    const response = await refreshTokens(refresh_token, { scope: wide });
    expect(await oauthError(response)).toEqual([400, "invalid_scope"]);
    expect(await allRows()).toEqual(before);
    expect((await parseTokens(await refreshTokens(refresh_token))).scope).toBe(scope);
  });

  it("RFC 6749 §3.2 with an empty scope gives the granted scope", async () => {
    const { refresh_token } = await obtainTokens(alice);
    expect((await parseTokens(await refreshTokens(refresh_token, { scope: "" }))).scope).toBe(
      "notes:rw",
    );
  });

  it("gives no more than the user has allowed", async () => {
    const { refresh_token, scope } = await obtainTokens(alice, "notes:rw", { "level:notes": "r" });
    expect(scope).toBe("notes:r");
    const response = await refreshTokens(refresh_token, { scope: "notes:rw" });
    expect(await oauthError(response)).toEqual([400, "invalid_scope"]);
  });

  it("expires if it is not used for half a year", async () => {
    const { refresh_token } = await obtainTokens(alice, "notes:rw", { duration: "always" });
    advanceClock(179 * DAY_MS);
    const next = await parseTokens(await refreshTokens(refresh_token));
    advanceClock(179 * DAY_MS);
    const last = await parseTokens(await refreshTokens(next.refresh_token));
    advanceClock(181 * DAY_MS);
    expect(await oauthError(await refreshTokens(last.refresh_token))).toEqual(INVALID_GRANT);
  });

  it("expires with its grant, as does the access token", async () => {
    const carol = await createUser();
    const first = await obtainTokens(carol, "notes:rw", { duration: "month" });
    advanceClock(30 * DAY_MS - MINUTE_MS);
    const last = await parseTokens(await refreshTokens(first.refresh_token));
    expect(last.expires_in).toBeLessThanOrEqual(60);
    expect((await appWithTokens(carol, last).get("/notes/")).status).toBe(200);
    advanceClock(2 * MINUTE_MS);
    await expectRevoked(carol, last);
  });

  it("gives access to no other account than its own", async () => {
    const bob = await createUser();
    const tokens = await parseTokens(await refreshTokens((await obtainTokens(bob)).refresh_token));
    expect((await appWithTokens(alice, tokens).get("/notes/")).status).toBe(403);
    expect((await appWithTokens(bob, tokens).get("/notes/")).status).toBe(200);
  });

  it.each(["x", "a".repeat(43), "' OR 1=1 --"])(
    "that was never issued is refused: %j",
    async (token) => {
      const before = await allRows();
      expect(await oauthError(await refreshTokens(token))).toEqual(INVALID_GRANT);
      expect(await allRows()).toEqual(before);
    },
  );
});

describe("The token endpoint", () => {
  const validForm = async () => ({
    grant_type: "authorization_code",
    code: await obtainCode(alice),
    redirect_uri: `${APP_ORIGIN}/`,
    code_verifier: CODE_VERIFIER,
  });

  it.each(["grant_type", "code", "redirect_uri", "code_verifier"])(
    "RFC 6749 §5.2 RFC 7636 §4.5 without %s, or with an empty one, refuses with invalid_request",
    async (name) => {
      const { [name]: _, ...fields } = (await validForm()) as Record<string, string>;
      const before = await allRows();
      expect(await oauthError(await postTokenRequest(fields))).toEqual(INVALID_REQUEST);
      const empty = await postTokenRequest({ ...fields, [name]: "" });
      expect(await oauthError(empty)).toEqual(INVALID_REQUEST);
      expect(await allRows()).toEqual(before);
    },
  );

  it("RFC 6749 §5.2 without a refresh_token refuses with invalid_request", async () => {
    expect(await oauthError(await postTokenRequest({ grant_type: "refresh_token" }))).toEqual(
      INVALID_REQUEST,
    );
    expect(await oauthError(await refreshTokens(""))).toEqual(INVALID_REQUEST);
  });

  it.each(["grant_type", "code", "redirect_uri", "code_verifier"])(
    "RFC 6749 §3.2 with %s twice refuses with invalid_request",
    async (name) => {
      const form = new URLSearchParams(await validForm());
      form.append(name, form.get(name) ?? "");
      const before = await allRows();
      expect(await oauthError(await postTokenRequest(form))).toEqual(INVALID_REQUEST);
      expect(await allRows()).toEqual(before);
    },
  );

  it("RFC 6749 §3.2 ignores unknown parameters", async () => {
    const form = { ...(await validForm()), client_id: "whoever", audience: "x", client_secret: "" };
    expect((await postTokenRequest(form)).status).toBe(200);
  });

  it.each(["password", "client_credentials", "implicit", "AUTHORIZATION_CODE", "constructor"])(
    "RFC 6749 §5.2 with grant_type %s refuses with unsupported_grant_type",
    async (grant_type) => {
      const fields = {
        ...(await validForm()),
        grant_type,
        username: "alice",
        password: "correct horse battery",
      };
      const before = await allRows();
      expect(await oauthError(await postTokenRequest(fields))).toEqual([
        400,
        "unsupported_grant_type",
      ]);
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
    "RFC 6749 §4.1.3 with a body of type '%s' refuses with invalid_request",
    async (type, write) => {
      const body = new TextEncoder().encode(write(await validForm()));
      const before = await allRows();
      const headers = { Origin: APP_ORIGIN, ...(type ? { "Content-Type": type } : {}) };
      const response = await send("/oauth/token", { method: "POST", body, headers });
      expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
      expect(await oauthError(response)).toEqual(INVALID_REQUEST);
      expect(await allRows()).toEqual(before);
    },
  );

  it("RFC 6749 §4.1.3 accepts a form with a charset in its Content-Type", async () => {
    const response = await send("/oauth/token", {
      method: "POST",
      body: `${new URLSearchParams(await validForm())}`,
      headers: { "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8" },
    });
    expect(response.status).toBe(200);
  });

  it("RFC 6749 §5.2 refuses with JSON that is not cached and can be read from any origin", async () => {
    const response = await redeemCode("x");
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

  it("answers preflight requests of any origin", async () => {
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

  it("RFC 6749 §3.2 does not accept GET", async () => {
    const before = await allRows();
    const response = await send(`/oauth/token?${new URLSearchParams(await validForm())}`);
    expect([404, 405]).toContain(response.status);
    expect((await allRows()).grants).toEqual(before.grants);
  });

  it("reads the code only from the body, never from the URL", async () => {
    const query = new URLSearchParams(await validForm());
    const before = await allRows();
    const response = await send(`/oauth/token?${query}`, {
      method: "POST",
      body: new URLSearchParams(),
    });
    expect(await oauthError(response)).toEqual(INVALID_REQUEST);
    expect(await allRows()).toEqual(before);
  });
});

describe("§8.4 Tokens of two apps, or of one app that is connected twice,", () => {
  it("belong to separate grants: revoking one leaves the others valid", async () => {
    const carol = await createUser();
    const tokens = [
      fragmentParameters(await submitConsent(carol)).access_token ?? "",
      fragmentParameters(await submitConsent(carol)).access_token ?? "",
      fragmentParameters(await submitConsent(carol, { redirect_uri: "https://b.example" }))
        .access_token ?? "",
      (await obtainTokens(carol)).access_token,
      (await obtainTokens(carol)).access_token,
    ];
    expect(new Set(tokens).size).toBe(5);
    for (const [index, token] of tokens.entries()) {
      expect((await revokeToken({ token })).status).toBe(200);
      const statuses = await Promise.all(
        tokens.map(async (each) => (await new TestApp(carol.name, each).get("/notes/")).status),
      );
      expect(statuses).toEqual(tokens.map((_, i) => (i <= index ? 401 : 200)));
    }
  });
});
