/** Signing keys: their creation, rotation and deletion. */

import { env } from "cloudflare:workers";
import { decodeProtectedHeader } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { Variables } from "../../src/env";
import { MINUTE_MS } from "../support/clock";
import { allowDevice, DEVICE_GRANT_TYPE, DEVICE_NAME, startDevice } from "../support/devices";
import {
  CODE_VERIFIER,
  obtainCode,
  obtainTokens,
  parseTokens,
  refreshTokens,
  type Tokens,
} from "../support/oauth";
import {
  APP_ORIGIN,
  authorizeUrl,
  createUser,
  fragmentParameters,
  ORIGIN,
  type TestUser,
} from "../support/provider";
import { allRows, grantRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

let alice: TestUser;

beforeAll(async () => {
  alice = await createUser("alice");
});

/** A Worker that has just started and has not loaded any keys. */
function freshWorker(variables: Variables = {}) {
  const sendHere = sendWithSettings(variables);
  return {
    async token(): Promise<string> {
      const response = await sendHere(authorizeUrl("alice"), {
        method: "POST",
        body: new URLSearchParams({ decision: "allow", duration: "always" }),
        headers: { Origin: ORIGIN, Cookie: alice.cookie },
      });
      return fragmentParameters(response).access_token ?? "";
    },
    async status(token: string): Promise<number> {
      const headers = { Authorization: `Bearer ${token}` };
      return (await sendHere("/storage/alice/notes/", { headers })).status;
    },
  };
}

const parseKid = (token: string): string | undefined => decodeProtectedHeader(token).kid;

const insertKey = (kid: string, createdAt: number): Promise<unknown> =>
  env.DB.prepare("INSERT INTO signing_keys (kid, secret, created_at) VALUES (?, ?, ?)")
    .bind(kid, kid.repeat(16), createdAt)
    .run();

const keys = async (): Promise<unknown[]> => (await allRows()).signing_keys ?? [];

describe("Signing keys", () => {
  it("are created when first needed: one, however many Workers need it at once", async () => {
    expect(await keys()).toEqual([]);
    const tokens = await Promise.all(Array.from({ length: 5 }, () => freshWorker().token()));
    expect(await keys()).toHaveLength(1);
    expect(new Set(tokens.map(parseKid)).size).toBe(1);
    for (const token of tokens) expect(await freshWorker().status(token)).toBe(200);
  });

  it("are rotated by inserting one: it signs, and tokens of the old ones stay valid", async () => {
    await env.DB.prepare("DELETE FROM signing_keys").run();
    await insertKey("old", Date.now() - 60 * MINUTE_MS);
    const before = await freshWorker().token();
    expect(parseKid(before)).toBe("old");
    await insertKey("new", Date.now() - 2 * MINUTE_MS);
    const worker = freshWorker();
    const after = await worker.token();
    expect(parseKid(after)).toBe("new");
    expect(await worker.status(before)).toBe(200);
    expect(await worker.status(after)).toBe(200);
  });

  it("sign only after a minute, when every Worker has loaded them", async () => {
    await insertKey("young", Date.now());
    expect(parseKid(await freshWorker().token())).toBe("new");
  });

  it("that are deleted invalidate their own tokens, and no others", async () => {
    const worker = freshWorker();
    const byNew = await worker.token();
    expect(parseKid(byNew)).toBe("new");
    await env.DB.prepare("DELETE FROM signing_keys WHERE kid = 'old'").run();
    await insertKey("older", Date.now() - 120 * MINUTE_MS);
    await env.DB.prepare("DELETE FROM signing_keys WHERE kid IN ('new', 'young')").run();
    const later = freshWorker();
    expect(await later.status(byNew)).toBe(401);
    const byOlder = await later.token();
    expect(parseKid(byOlder)).toBe("older");
    expect(await later.status(byOlder)).toBe(200);
  });

  it("with the same id but another secret do not verify a token", async () => {
    await env.DB.prepare("DELETE FROM signing_keys").run();
    await insertKey("key", Date.now() - 5 * MINUTE_MS);
    const token = await freshWorker().token();
    expect(await freshWorker().status(token)).toBe(200);
    await env.DB.prepare(
      "UPDATE signing_keys SET secret = 'another secret of 32 characters!!'",
    ).run();
    expect(await freshWorker().status(token)).toBe(401);
  });
});

describe("TOKEN_SECRETS", () => {
  const [FIRST, SECOND] = ["1".repeat(32), "2".repeat(32)];

  it("sign instead of keys in the database, and none is created there", async () => {
    await env.DB.prepare("DELETE FROM signing_keys").run();
    const worker = freshWorker({ TOKEN_SECRETS: FIRST });
    const token = await worker.token();
    expect(await worker.status(token)).toBe(200);
    expect(token).not.toContain(FIRST);
    expect(parseKid(token)).not.toContain(FIRST);
    expect(await keys()).toEqual([]);
    expect(await freshWorker().status(token)).toBe(401);
  });

  it("are rotated by prepending one: it signs, and the others verify until they are removed", async () => {
    const before = await freshWorker({ TOKEN_SECRETS: FIRST }).token();
    const both = freshWorker({ TOKEN_SECRETS: `${SECOND},${FIRST}` });
    const after = await both.token();
    expect(parseKid(after)).not.toBe(parseKid(before));
    expect([await both.status(before), await both.status(after)]).toEqual([200, 200]);
    const last = freshWorker({ TOKEN_SECRETS: SECOND });
    expect([await last.status(before), await last.status(after)]).toEqual([401, 200]);
  });
});

describe("A change of the signing key", () => {
  const [FIRST, SECOND] = ["1".repeat(32), "2".repeat(32)];

  /** Redeems the same at a Worker with this key. */
  const redeemAt = async (secret: string, fields: Record<string, string>): Promise<Tokens> =>
    parseTokens(
      await sendWithSettings({ TOKEN_SECRETS: secret })("/oauth/token", {
        method: "POST",
        body: new URLSearchParams(fields),
        headers: { Origin: APP_ORIGIN },
      }),
    );

  async function allowedDeviceCode(user: TestUser): Promise<string> {
    const device = await startDevice();
    await allowDevice(user, device);
    return device.device_code;
  }

  const KINDS: [string, (user: TestUser) => Promise<Record<string, string>>][] = [
    [
      "a code",
      async (user) => ({
        grant_type: "authorization_code",
        code: await obtainCode(user),
        redirect_uri: `${APP_ORIGIN}/`,
        code_verifier: CODE_VERIFIER,
      }),
    ],
    [
      "a refresh token",
      async (user) => ({
        grant_type: "refresh_token",
        refresh_token: (await obtainTokens(user)).refresh_token,
      }),
    ],
    [
      "a device code",
      async (user) => ({
        grant_type: DEVICE_GRANT_TYPE,
        device_code: await allowedDeviceCode(user),
        client_id: DEVICE_NAME,
      }),
    ],
  ];

  it.each(KINDS)("does not end the grant of %s that is sent again", async (_, prepare) => {
    const user = await createUser();
    const fields = await prepare(user);
    const first = await redeemAt(FIRST, fields);
    const again = await redeemAt(SECOND, fields);
    expect(again.refresh_token).toBe(first.refresh_token);
    expect(await grantRows(user.name)).toHaveLength(1);
    await parseTokens(await refreshTokens(again.refresh_token));
  });

  it.each(KINDS)("while %s is used twice at once leaves both the same", async (_, prepare) => {
    const user = await createUser();
    const fields = await prepare(user);
    const tokens = await Promise.all([FIRST, SECOND].map((secret) => redeemAt(secret, fields)));
    expect(new Set(tokens.map(({ refresh_token }) => refresh_token)).size).toBe(1);
    expect(await grantRows(user.name)).toHaveLength(1);
    await parseTokens(await refreshTokens(tokens[0]?.refresh_token ?? ""));
  });
});
