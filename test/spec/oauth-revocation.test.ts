/** Giving tokens back: RFC 7009. */

import { beforeAll, describe, expect, it } from "vitest";
import {
  allowCode,
  appWith,
  oauthError,
  refresh,
  revoke,
  tokensIn,
  tokensOf,
} from "../support/oauth";
import { activityRows, allRows, grantRows } from "../support/rows";
import { APP_ORIGIN, connectApp, createUser, send, type TestUser } from "../support/provider";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

describe("RFC 7009 §2.1 Revoking", () => {
  it("an access token of the implicit flow stops it with the next request", async () => {
    const carol = await createUser();
    const [app, other] = [await connectApp(carol), await connectApp(carol)];
    const response = await revoke({ token: app.token });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect((await app.get("/")).status).toBe(401);
    expect((await other.get("/")).status).toBe(200);
    expect(await grantRows(carol.name)).toHaveLength(1);
    const ended = { kind: "app-ended", app: APP_ORIGIN, why: "revoked" };
    expect((await activityRows(carol.name)).filter(({ kind }) => kind === "app-ended")).toEqual([
      ended,
    ]);
  });

  it("an access token of the code flow stops its refresh token too", async () => {
    const carol = await createUser();
    const tokens = await tokensOf(carol);
    expect((await revoke({ token: tokens.access_token })).status).toBe(200);
    expect((await appWith(carol, tokens).get("/notes/")).status).toBe(401);
    expect(await oauthError(await refresh(tokens.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it("a refresh token stops its access tokens too", async () => {
    const carol = await createUser();
    const first = await tokensOf(carol);
    const second = await tokensIn(await refresh(first.refresh_token));
    const hint = { token_type_hint: "refresh_token" };
    expect((await revoke({ token: second.refresh_token, ...hint })).status).toBe(200);
    for (const tokens of [first, second]) {
      expect((await appWith(carol, tokens).get("/notes/")).status).toBe(401);
    }
    expect(await oauthError(await refresh(second.refresh_token))).toEqual([400, "invalid_grant"]);
    expect(await grantRows(carol.name)).toEqual([]);
  });

  it.each(["access_token", "refresh_token", "nonsense"])(
    "takes token_type_hint=%s for no more than a hint",
    async (token_type_hint) => {
      const carol = await createUser();
      const byAccess = await tokensOf(carol);
      const byRefresh = await tokensOf(carol);
      await revoke({ token: byAccess.access_token, token_type_hint });
      await revoke({ token: byRefresh.refresh_token, token_type_hint });
      expect(await grantRows(carol.name)).toEqual([]);
    },
  );

  it("needs no more than the token, and may be done by pages of any origin", async () => {
    const app = await connectApp(alice);
    const response = await revoke({ token: app.token });
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
  });

  it("twice is as good as once", async () => {
    const app = await connectApp(alice);
    expect((await revoke({ token: app.token })).status).toBe(200);
    const told = await activityRows(alice.name);
    expect((await revoke({ token: app.token })).status).toBe(200);
    expect((await app.get("/")).status).toBe(401);
    expect(await activityRows(alice.name)).toEqual(told);
  });
});

describe("RFC 7009 §2.2 What is no token", () => {
  it.each(["x", "a".repeat(43), "a.b.c", "..", "' OR 1=1 --", "a".repeat(10_000)])(
    "is answered with 200, and nothing changes: %j",
    async (token) => {
      const before = await allRows();
      expect((await revoke({ token })).status).toBe(200);
      expect(await allRows()).toEqual(before);
    },
  );

  it("is answered with 200 where the token is forged, and nothing changes", async () => {
    const app = await connectApp(alice);
    const [head, claims] = app.token.split(".");
    const before = await allRows();
    expect((await revoke({ token: `${head}.${claims}.${"A".repeat(43)}` })).status).toBe(200);
    expect(await allRows()).toEqual(before);
    expect((await app.get("/")).status).toBe(200);
  });

  it("is a code that nobody has redeemed: it is answered with 200", async () => {
    const before = await allRows();
    const code = await allowCode(alice);
    expect((await revoke({ token: code })).status).toBe(200);
    expect((await allRows()).grants).toEqual(before.grants);
  });
});

describe("RFC 7009 §2.2.1 A request without a token", () => {
  it.each<[string, BodyInit, Record<string, string>]>([
    ["empty", new URLSearchParams(), {}],
    ["with an empty token", new URLSearchParams({ token: "" }), {}],
    ["in JSON", JSON.stringify({ token: "x" }), { "Content-Type": "application/json" }],
  ])("is invalid_request: %s", async (_, body, headers) => {
    const before = await allRows();
    const init = { method: "POST", body, headers: { Origin: APP_ORIGIN, ...headers } };
    const response = await send("/oauth/revoke", init);
    expect(response.headers.get("access-control-allow-origin")).toBe(APP_ORIGIN);
    expect(await oauthError(response)).toEqual([400, "invalid_request"]);
    expect(await allRows()).toEqual(before);
  });

  it("is one with the token in its URL, which GET and POST ignore", async () => {
    const app = await connectApp(alice);
    const path = `/oauth/revoke?token=${app.token}`;
    expect([404, 405]).toContain((await send(path)).status);
    expect((await send(path, { method: "POST", body: new URLSearchParams() })).status).toBe(400);
    expect((await app.get("/")).status).toBe(200);
  });
});
