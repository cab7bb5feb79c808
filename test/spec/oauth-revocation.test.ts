/** Token revocation: RFC 7009. */

import { beforeAll, describe, expect, it } from "vitest";
import {
  appWithTokens,
  oauthError,
  obtainCode,
  obtainTokens,
  parseTokens,
  refreshTokens,
  revokeToken,
} from "../support/oauth";
import { APP_ORIGIN, connectApp, createUser, send, type TestUser } from "../support/provider";
import { activityRows, allRows, grantRows } from "../support/rows";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

describe("RFC 7009 §2.1 Revoking", () => {
  it("an access token of the implicit flow invalidates it from the next request on", async () => {
    const carol = await createUser();
    const [app, other] = [await connectApp(carol), await connectApp(carol)];
    const response = await revokeToken({ token: app.token });
    // JSON, although clients ignore it: some of them read every answer of these endpoints as JSON.
    expect([response.status, await response.json()]).toEqual([200, {}]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect((await app.get("/")).status).toBe(401);
    expect((await other.get("/")).status).toBe(200);
    expect(await grantRows(carol.name)).toHaveLength(1);
    const ended = { kind: "app-ended", app: APP_ORIGIN, why: "revoked" };
    expect((await activityRows(carol.name)).filter(({ kind }) => kind === "app-ended")).toEqual([
      ended,
    ]);
  });

  it("an access token of the code flow invalidates its refresh token too", async () => {
    const carol = await createUser();
    const tokens = await obtainTokens(carol);
    expect((await revokeToken({ token: tokens.access_token })).status).toBe(200);
    expect((await appWithTokens(carol, tokens).get("/notes/")).status).toBe(401);
    expect(await oauthError(await refreshTokens(tokens.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it("a refresh token invalidates its access tokens too", async () => {
    const carol = await createUser();
    const first = await obtainTokens(carol);
    const second = await parseTokens(await refreshTokens(first.refresh_token));
    const hint = { token_type_hint: "refresh_token" };
    expect((await revokeToken({ token: second.refresh_token, ...hint })).status).toBe(200);
    for (const tokens of [first, second]) {
      expect((await appWithTokens(carol, tokens).get("/notes/")).status).toBe(401);
    }
    expect(await oauthError(await refreshTokens(second.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it.each(["access_token", "refresh_token", "nonsense"])(
    "works whatever the hint, token_type_hint=%s",
    async (token_type_hint) => {
      const carol = await createUser();
      const byAccess = await obtainTokens(carol);
      const byRefresh = await obtainTokens(carol);
      await revokeToken({ token: byAccess.access_token, token_type_hint });
      await revokeToken({ token: byRefresh.refresh_token, token_type_hint });
      expect(await grantRows(carol.name)).toEqual([]);
    },
  );

  it("needs only the token, and works from any origin", async () => {
    const app = await connectApp(alice);
    const response = await revokeToken({ token: app.token });
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
  });

  it("is idempotent", async () => {
    const app = await connectApp(alice);
    expect((await revokeToken({ token: app.token })).status).toBe(200);
    const activity = await activityRows(alice.name);
    expect((await revokeToken({ token: app.token })).status).toBe(200);
    expect((await app.get("/")).status).toBe(401);
    expect(await activityRows(alice.name)).toEqual(activity);
  });
});

describe("RFC 7009 §2.2 Revoking an invalid token", () => {
  it.each(["x", "a".repeat(43), "a.b.c", "..", "' OR 1=1 --", "a".repeat(10_000)])(
    "returns 200, and nothing changes: %j",
    async (token) => {
      const before = await allRows();
      expect((await revokeToken({ token })).status).toBe(200);
      expect(await allRows()).toEqual(before);
    },
  );

  it("with a forged signature returns 200, and nothing changes", async () => {
    const app = await connectApp(alice);
    const [head, claims] = app.token.split(".");
    const before = await allRows();
    expect((await revokeToken({ token: `${head}.${claims}.${"A".repeat(43)}` })).status).toBe(200);
    expect(await allRows()).toEqual(before);
    expect((await app.get("/")).status).toBe(200);
  });

  it("such as an authorization code returns 200", async () => {
    const before = await allRows();
    const code = await obtainCode(alice);
    expect((await revokeToken({ token: code })).status).toBe(200);
    expect((await allRows()).grants).toEqual(before.grants);
  });
});

describe("RFC 7009 §2.2.1 A revocation request without a token", () => {
  it.each<[string, BodyInit, Record<string, string>]>([
    ["empty", new URLSearchParams(), {}],
    ["with an empty token", new URLSearchParams({ token: "" }), {}],
    ["in JSON", JSON.stringify({ token: "x" }), { "Content-Type": "application/json" }],
  ])("is refused with invalid_request: %s", async (_, body, headers) => {
    const before = await allRows();
    const init = { method: "POST", body, headers: { Origin: APP_ORIGIN, ...headers } };
    const response = await send("/oauth/revoke", init);
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(await oauthError(response)).toEqual([400, "invalid_request"]);
    expect(await allRows()).toEqual(before);
  });

  it("is refused even with the token in its URL", async () => {
    const app = await connectApp(alice);
    const path = `/oauth/revoke?token=${app.token}`;
    expect([404, 405]).toContain((await send(path)).status);
    expect((await send(path, { method: "POST", body: new URLSearchParams() })).status).toBe(400);
    expect((await app.get("/")).status).toBe(200);
  });
});
