/** Access tokens: their claims and signatures. §8, §9, RFC 6750, RFC 9068. */

import { env } from "cloudflare:workers";
import { decodeJwt, decodeProtectedHeader, type JWTHeaderParameters, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { obtainTokens } from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  createUser,
  PASSWORD,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, grantRows } from "../support/rows";

let alice: TestUser;
let bob: TestUser;
let app: TestApp;

beforeAll(async () => {
  [alice, bob] = [await createUser("alice"), await createUser("bob")];
  app = await connectApp(alice, "notes:rw");
  await app.put("/notes/a", "text");
});

const secretOf = async (kid: string | undefined): Promise<Uint8Array> => {
  const query = env.DB.prepare("SELECT secret FROM signing_keys WHERE kid = ?").bind(kid);
  return new TextEncoder().encode((await query.first<{ secret: string }>())?.secret);
};

/** Alice's token with other claims and header fields, signed with the provider's key by default. */
async function signToken(
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
  key?: Uint8Array,
): Promise<string> {
  const own = decodeProtectedHeader(app.token);
  return new SignJWT({ ...decodeJwt(app.token), ...claims })
    .setProtectedHeader({ ...own, ...header } as JWTHeaderParameters)
    .sign(key ?? (await secretOf(own.kid)));
}

const encodePart = (json: unknown): string =>
  Buffer.from(JSON.stringify(json)).toString("base64url");

async function expectRefused(token: string): Promise<void> {
  const forged = new TestApp("alice", token);
  for (const response of [await forged.get("/notes/a"), await forged.put("/notes/a", "evil")]) {
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer .*error="invalid_token"/);
  }
  expect(await (await app.get("/notes/a")).text()).toBe("text");
}

describe("An access token", () => {
  it("RFC 9068 §2 has a type, an account, a grant and a scope, and no other claims", async () => {
    const [grant] = await grantRows("alice");
    expect(decodeProtectedHeader(app.token)).toEqual({
      alg: "HS256",
      typ: "at+jwt",
      kid: expect.any(String),
    });
    expect(decodeJwt(app.token)).toEqual({
      sub: await accountId("alice"),
      user: "alice",
      grant: grant?.id,
      scope: "notes:rw",
      iat: expect.any(Number),
    });
    const refreshable = decodeJwt((await obtainTokens(alice)).access_token);
    expect((refreshable.exp ?? 0) - (refreshable.iat ?? 0)).toBe(3600);
  });

  it("contains no secret", async () => {
    const { kid } = decodeProtectedHeader(app.token);
    const text = app.token
      .split(".")
      .map((piece) => Buffer.from(piece, "base64url").toString("latin1"))
      .join();
    const secret = new TextDecoder().decode(await secretOf(kid));
    expect(secret.length).toBeGreaterThanOrEqual(32);
    for (const word of [secret, PASSWORD, alice.cookie]) expect(text).not.toContain(word);
  });

  it("fits into an Authorization header and a query (RFC 6750 §2.1)", () => {
    expect(app.token).toMatch(/^[A-Za-z0-9\-._~+/]+=*$/);
    expect(app.token.length).toBeLessThan(1000);
  });

  it("§8.3 has a signature of 256 bits and a grant id of more than 128", async () => {
    const [, , signature] = app.token.split(".");
    expect(Buffer.from(signature ?? "", "base64url")).toHaveLength(32);
    const [first, second] = [
      await connectApp(alice, "notes:rw"),
      await connectApp(alice, "notes:rw"),
    ];
    const [a, b] = [decodeJwt(first.token).grant, decodeJwt(second.token).grant];
    expect(a).toMatch(/^[\w-]{22,}$/);
    expect(a).not.toBe(b);
  });

  it("gives access to no other account than its own", async () => {
    const other = await connectApp(bob);
    await other.put("/notes/b", "bob's");
    const atBobs = new TestApp("bob", app.token);
    expect((await atBobs.get("/notes/b")).status).toBe(403);
    expect((await atBobs.put("/notes/b", "evil")).status).toBe(403);
    expect((await atBobs.delete("/notes/b")).status).toBe(403);
    expect(await (await other.get("/notes/b")).text()).toBe("bob's");
  });

  it("is accepted from any Origin and without one", async () => {
    for (const Origin of [APP_ORIGIN, "https://elsewhere.example", "null", ""]) {
      const headers: Record<string, string> = Origin ? { Origin } : {};
      expect((await app.get("/notes/a", headers)).status).toBe(200);
    }
  });
});

describe("A forged token is refused, and nothing changes:", () => {
  it.each<[string, () => string | Promise<string>]>([
    ["not a JWT", () => "made-up"],
    ["only dots", () => ".."],
    ["empty parts", () => `${app.token.split(".")[0]}..`],
    ["something very long", () => "a".repeat(20_000)],
    [
      "without a signature (alg none)",
      () => `${encodePart({ alg: "none", typ: "at+jwt" })}.${app.token.split(".")[1]}.`,
    ],
    [
      "alg none with our kid",
      () => {
        const { kid } = decodeProtectedHeader(app.token);
        return `${encodePart({ alg: "none", typ: "at+jwt", kid })}.${app.token.split(".")[1]}.`;
      },
    ],
    ["signed with another key", () => signToken({}, {}, new TextEncoder().encode("k".repeat(43)))],
    ["signed with a key of zeros", () => signToken({}, {}, new Uint8Array(32))],
    ["a changed signature", () => app.token.replace(/.{5}$/, "AAAAA")],
    ["a truncated signature", () => app.token.slice(0, -4)],
    [
      "other claims under the same signature",
      () => {
        const [head, , signature] = app.token.split(".");
        return `${head}.${encodePart({ ...decodeJwt(app.token), scope: "*:rw" })}.${signature}`;
      },
    ],
    ["an unknown key id", () => signToken({}, { kid: "nobody" })],
    ["no key id", () => signToken({}, { kid: undefined })],
    ["a key id that is a property of every object", () => signToken({}, { kid: "constructor" })],
    ["a key id that is a list", () => signToken({}, { kid: ["a"] })],
    ["another type of token", () => signToken({}, { typ: "JWT" })],
    ["no type", () => signToken({}, { typ: undefined })],
    ["another algorithm with our key", () => signToken({}, { alg: "HS512" })],
    ["our signature, but expired", () => signToken({ exp: Math.floor(Date.now() / 1000) - 1 })],
    [
      "our signature, but not yet valid",
      () => signToken({ nbf: Math.floor(Date.now() / 1000) + 600 }),
    ],
    ["our signature, but no such grant", () => signToken({ grant: "A".repeat(22) })],
    [
      "our signature, but another account's grant",
      async () => {
        await connectApp(bob, "*:rw");
        return signToken({ grant: (await grantRows("bob"))[0]?.id });
      },
    ],
    ["our signature, but no account", () => signToken({ sub: undefined })],
  ])("%s", async (_, forge) => {
    await expectRefused(await forge());
  });
});

describe("A token with our signature", () => {
  it("that claims more than its grant gives no more access than the grant", async () => {
    const token = await signToken({ scope: "*:rw" });
    const wide = new TestApp("alice", token);
    expect((await wide.get("/photos/")).status).toBe(403);
    expect((await wide.get("/")).status).toBe(403);
    expect((await wide.get("/notes/a")).status).toBe(200);
  });
});
