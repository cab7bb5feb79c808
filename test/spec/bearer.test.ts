/** §9 and RFC 6750: how an access token is sent, and when it is refused. */

import { env } from "cloudflare:workers";
import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  ORIGIN,
  send,
  sendForm,
  type TestApp,
  type TestUser,
} from "../support/provider";
import { accountId } from "../support/rows";
import { expectUnchanged } from "../support/storage";

let user: TestUser;
let app: TestApp;
beforeAll(async () => {
  user = await createUser();
  app = await connectApp(user);
  await app.put("/notes/doc", "secret");
});

const METHODS = ["GET", "HEAD", "PUT", "DELETE"];

/** Expects that every method with this header is refused with 401 and changes nothing. */
async function expectRefused(authorization: string | null, challenge: string, owner = app) {
  const headers = {
    "Content-Type": "text/plain",
    ...(authorization === null ? {} : { Authorization: authorization }),
  };
  await expectUnchanged(owner, async () => {
    for (const method of METHODS) {
      const init = { method, headers, ...(method === "PUT" ? { body: "stolen" } : {}) };
      const response = await send(`/storage/${owner.user}/notes/doc`, init);
      expect([method, response.status]).toEqual([method, 401]);
      expect(response.headers.get("www-authenticate")).toBe(challenge);
      expect(response.headers.get("etag")).toBeNull();
      expect(await response.text()).not.toContain("secret");
    }
  });
}

const NONE = 'Bearer realm="remoteStorage"';
const INVALID = 'Bearer realm="remoteStorage", error="invalid_token"';

describe("In the header", () => {
  it("§9.10 Authorization: Bearer <access_token> -> allowed", async () => {
    const headers = { Authorization: `Bearer ${app.token}` };
    expect((await send(`/storage/${app.user}/notes/doc`, { headers })).status).toBe(200);
  });

  it("§9.10 the scheme is case-insensitive (RFC 9110 §11.1)", async () => {
    for (const scheme of ["bearer", "BEARER", "bEaReR"]) {
      const get = await app.get("/notes/doc", { Authorization: `${scheme} ${app.token}` });
      expect(get.status).toBe(200);
    }
  });

  it("§5.4 no token -> 401 with WWW-Authenticate and no error code", async () => {
    await expectRefused(null, NONE);
  });

  it.each([
    ["another scheme", () => "Basic YWxpY2U6c2VjcmV0"],
    ["no scheme", () => app.token],
  ])("§5.4 RFC 6750 §3.1 %s -> 401 without an error code", async (_, header) => {
    await expectRefused(header(), NONE);
  });

  it.each([
    ["an unknown token", "Bearer abc"],
    ["a token with one character more", "+"],
    ["a scheme without a token", "Bearer"],
    ["two tokens", "Bearer a b"],
    ["characters that are not allowed in a token", "Bearer a%20b;c"],
  ])("§5.4 %s -> 401 invalid_token", async (_, header) => {
    const value = header === "+" ? `Bearer ${app.token}x` : header;
    await expectRefused(value, INVALID);
  });

  it("§5.5 insufficient scope -> 403 with insufficient_scope", async () => {
    const reader = await connectApp(user, "notes:r");
    const put = await expectUnchanged(app, () => reader.put("/notes/doc", "x"));
    expect(put.status).toBe(403);
    expect(put.headers.get("www-authenticate")).toBe(
      'Bearer realm="remoteStorage", error="insufficient_scope"',
    );
  });

  it("§5.4 a session cookie is not a token", async () => {
    const headers = { Cookie: user.cookie, Origin: ORIGIN, "Content-Type": "text/plain" };
    const url = `/storage/${app.user}/notes/doc`;
    expect((await send(url, { headers })).status).toBe(401);
    const put = await expectUnchanged(app, () => send(url, { method: "PUT", headers, body: "x" }));
    expect(put.status).toBe(401);
  });

  it("§9.10 a token works with any Origin, and without one", async () => {
    for (const headers of [
      { Origin: "https://elsewhere.example" },
      { Origin: APP_ORIGIN },
      { Origin: "null" },
      {},
    ]) {
      expect((await app.get("/notes/doc", headers as Record<string, string>)).status).toBe(200);
    }
  });
});

describe("In the query", () => {
  const url = (token = app.token, path = "/notes/doc") =>
    `/storage/${app.user}${path}?access_token=${encodeURIComponent(token)}`;

  it.each(["GET", "HEAD"])("§9.11 %s of documents and folders -> allowed", async (method) => {
    for (const path of ["/notes/doc", "/notes/", "/"]) {
      expect((await send(url(app.token, path), { method })).status).toBe(200);
    }
  });

  it("§9.11 with other parameters, in any order", async () => {
    const query = `?cache=no&access_token=${app.token}&x=y`;
    expect((await send(`/storage/${app.user}/notes/doc${query}`)).status).toBe(200);
  });

  it.each(["PUT", "DELETE"])("§9.11 %s -> 401, nothing changed", async (method) => {
    const headers = { "Content-Type": "text/plain" };
    const init = { method, headers, ...(method === "PUT" ? { body: "x" } : {}) };
    const response = await expectUnchanged(app, () => send(url(), init));
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, NONE]);
  });

  it("§5.4 an invalid one -> 401; one with insufficient scope -> 403", async () => {
    const bad = await send(url("abc"));
    expect([bad.status, bad.headers.get("www-authenticate")]).toEqual([401, INVALID]);
    const { token } = await connectApp(user, "photos:rw");
    expect((await send(url(token))).status).toBe(403);
  });

  it("§5.15 in header and query at once, or twice -> 400 (RFC 6750 §2)", async () => {
    const headers = { Authorization: `Bearer ${app.token}` };
    expect((await send(url(), { headers })).status).toBe(400);
    expect((await send(`${url()}&access_token=${app.token}`)).status).toBe(400);
  });

  it("§9.12 advertised in WebFinger by the value true", async () => {
    const host = new URL(ORIGIN).host;
    const found = await send(`/.well-known/webfinger?resource=acct:${app.user}@${host}`);
    const { links } = (await found.json()) as { links: { properties: Record<string, string> }[] };
    const announced = links[0]?.properties["http://tools.ietf.org/html/rfc6750#section-2.3"];
    expect(announced).toBe("true");
  });
});

describe("Invalid tokens", () => {
  const encoder = new TextEncoder();
  const base64url = (value: unknown): string =>
    btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const claims = (): JWTPayload => decodeJwt(app.token);
  const header = () => ({ alg: "HS256", ...decodeProtectedHeader(app.token) });

  /** Signs a token as the provider does, with the key in its database. */
  async function sign(payload: JWTPayload, protectedHeader = header()): Promise<string> {
    const { secret } = (await env.DB.prepare("SELECT secret FROM signing_keys").first<{
      secret: string;
    }>()) as { secret: string };
    return new SignJWT(payload).setProtectedHeader(protectedHeader).sign(encoder.encode(secret));
  }

  it("§9.10 (these tests sign as the provider does)", async () => {
    expect(
      (await app.get("/notes/doc", { Authorization: `Bearer ${await sign(claims())}` })).status,
    ).toBe(200);
  });

  it("§5.4 signed with another key under the provider's kid -> 401", async () => {
    const token = await new SignJWT(claims())
      .setProtectedHeader(header())
      .sign(encoder.encode("x".repeat(64)));
    await expectRefused(`Bearer ${token}`, INVALID);
  });

  it("§5.4 signed with an unknown kid, or none -> 401", async () => {
    await expectRefused(`Bearer ${await sign(claims(), { ...header(), kid: "unknown" })}`, INVALID);
    const { kid: _, ...without } = header();
    await expectRefused(`Bearer ${await sign(claims(), without as never)}`, INVALID);
  });

  it("§5.4 alg none -> 401", async () => {
    for (const alg of ["none", "None", "NONE"]) {
      const head = base64url({ ...header(), alg });
      await expectRefused(`Bearer ${head}.${base64url(claims())}.`, INVALID);
      const signature = app.token.split(".")[2];
      await expectRefused(`Bearer ${head}.${base64url(claims())}.${signature}`, INVALID);
    }
  });

  it("§5.4 with claims that were changed under the old signature -> 401", async () => {
    const weak = await connectApp(user, "photos:r");
    const [head, , signature] = weak.token.split(".");
    const forged = base64url({ ...decodeJwt(weak.token), scope: "*:rw" });
    await expectRefused(`Bearer ${head}.${forged}.${signature}`, INVALID);
  });

  it("§5.4 §10.11 expired -> 401", async () => {
    const past = Math.floor(Date.now() / 1000) - 10;
    await expectRefused(`Bearer ${await sign({ ...claims(), exp: past })}`, INVALID);
  });

  it("§5.4 of another kind of JWT -> 401", async () => {
    await expectRefused(`Bearer ${await sign(claims(), { ...header(), typ: "JWT" })}`, INVALID);
  });

  it("§5.4 for a grant that never existed, or without any claims -> 401", async () => {
    await expectRefused(`Bearer ${await sign({ ...claims(), grant: "never" })}`, INVALID);
    await expectRefused(`Bearer ${await sign({})}`, INVALID);
  });

  it.each(["scope", "user", "grant", "sub"])(
    "§5.4 without the claim %s -> 401 or 403, never 500",
    async (name) => {
      const { [name]: _, ...rest } = claims();
      const get = await app.get("/notes/doc", { Authorization: `Bearer ${await sign(rest)}` });
      expect([401, 403]).toContain(get.status);
    },
  );

  it("§5.4 naming another account than their grant's -> refused", async () => {
    const other = await connectApp(await createUser());
    await other.put("/notes/doc", "secret");
    const stolen = await sign({ ...claims(), user: other.user, sub: await accountId(other.user) });
    const get = await other.get("/notes/doc", { Authorization: `Bearer ${stolen}` });
    expect(get.status).toBe(401);
  });
});

describe("A grant that ends", () => {
  it("§5.4 disconnected by the user -> 401 from the next request on, also in the query", async () => {
    const other = await createUser();
    const gone = await connectApp(other);
    await gone.put("/notes/doc", "secret");
    expect((await gone.get("/notes/doc")).status).toBe(200);
    await sendForm(`/apps/disconnect?app=${APP_ORIGIN}`, {}, { cookie: other.cookie });
    const back = await connectApp(other);
    await expectRefused(`Bearer ${gone.token}`, INVALID, back);
    expect((await gone.get("/notes/")).status).toBe(401);
    const query = `?access_token=${gone.token}`;
    expect((await send(`/storage/${gone.user}/notes/doc${query}`)).status).toBe(401);
    expect(await (await back.get("/notes/doc")).text()).toBe("secret");
  });

  it("§5.4 expired -> 401 at once, although the token has not", async () => {
    const short = await connectApp(user, "notes:rw");
    expect((await short.get("/notes/doc")).status).toBe(200);
    await changeGrant(short, "expires_at", Date.now() - 1000);
    await expectRefused(`Bearer ${short.token}`, INVALID);
  });

  it("§5.5 narrowed -> 403 at once for what it no longer covers", async () => {
    const narrowed = await connectApp(user, "*:rw");
    await changeGrant(narrowed, "scope", "notes:r");
    expect((await narrowed.get("/notes/doc")).status).toBe(200);
    expect((await narrowed.get("/photos/")).status).toBe(403);
    const put = await expectUnchanged(app, () => narrowed.put("/notes/doc", "x"));
    expect(put.status).toBe(403);
  });

  const changeGrant = ({ token }: TestApp, column: "expires_at" | "scope", value: unknown) =>
    env.DB.prepare(`UPDATE grants SET ${column} = ? WHERE id = ?`)
      .bind(value, decodeJwt<{ grant: string }>(token).grant)
      .run();
});

it("§9.8 §10.8 public documents can be read with an invalid token", async () => {
  await app.put("/public/notes/doc", "open");
  for (const authorization of ["Bearer abc", "Bearer", "Basic YTpi"]) {
    const get = await app.get("/public/notes/doc", { Authorization: authorization });
    expect([get.status, await get.text()]).toEqual([200, "open"]);
  }
});
