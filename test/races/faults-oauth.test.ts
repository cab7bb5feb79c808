/**
 * OAuth requests while each call to D1 fails in turn: nothing is used up without effect, and no grant
 * is left half made or half revoked.
 */

import { env } from "cloudflare:workers";
import { beforeAll, describe, expect } from "vitest";
import { sha256 } from "../../src/core/secrets";
import {
  allowDevice,
  DEVICE_GRANT_TYPE,
  DEVICE_NAME,
  pollDevice,
  startDevice,
} from "../support/devices";
import { type FaultCase, type Prepare, testEachFault } from "../support/faults-at-each-call";
import { openModuleWithBytes } from "../support/modules";
import {
  appWithTokens,
  CODE_VERIFIER,
  codeFlowQuery,
  obtainCode,
  obtainTokens,
  parseTokens,
  redeemCode,
  refreshTokens,
  type Tokens,
} from "../support/oauth";
import {
  APP_ORIGIN,
  authorizeUrl,
  connectApp,
  createUser,
  fragmentParameters,
  locationOf,
  ORIGIN,
  TestApp,
  type TestUser,
} from "../support/provider";
import { grantRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";

// The first token creates the signing key, which is not part of the tests.
beforeAll(async () => {
  await obtainTokens(await createUser());
});

/** Posts a form as an app does, to a Worker that has just started and has not loaded any keys. */
const postForm = (
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = { Origin: APP_ORIGIN },
): Promise<Response> =>
  sendWithSettings({})(path, { method: "POST", body: new URLSearchParams(fields), headers });

const postTokenRequest = (fields: Record<string, string>): Promise<Response> =>
  postForm("/oauth/token", fields);

const postCode = (code: string): Promise<Response> =>
  postTokenRequest({
    grant_type: "authorization_code",
    code,
    redirect_uri: `${APP_ORIGIN}/`,
    code_verifier: CODE_VERIFIER,
  });

/** The successor of a code or refresh token, and how many grants and next tokens it has. */
async function stateOf(table: "codes" | "refresh_tokens", secret: string) {
  const hash = await sha256(secret);
  const row = await env.DB.prepare(
    `SELECT x.successor,
            (SELECT count(*) FROM grants g WHERE g.account = x.account AND g.id = x.grant_id) AS grants,
            (SELECT count(*) FROM refresh_tokens r
             WHERE r.hash = x.successor AND r.successor IS NULL AND r.grant_id = x.grant_id) AS next
     FROM ${table} x WHERE hash = ?`,
  )
    .bind(hash)
    .first<{ successor: string | null; grants: number; next: number }>();
  return row;
}

/** Both tokens work: the access token for reading, the refresh token for the next tokens. */
async function expectValid(user: TestUser, tokens: Tokens, context: string): Promise<Tokens> {
  expect((await appWithTokens(user, tokens).get("/notes/")).status, context).toBe(200);
  const next = await refreshTokens(tokens.refresh_token);
  expect(next.status, context).toBe(200);
  return parseTokens(next);
}

/** What is exchanged has one grant and one next token, which is the one that the response gives. */
async function expectExchanged(
  user: TestUser,
  state: Awaited<ReturnType<typeof stateOf>>,
  response: Response | null,
  context: string,
): Promise<void> {
  expect(state, context).toEqual({ successor: expect.any(String), grants: 1, next: 1 });
  if (response === null) return;
  const tokens = await parseTokens(response);
  expect(state?.successor, context).toBe(await sha256(tokens.refresh_token));
  await expectValid(user, tokens, context);
}

async function codeExchange(): Promise<Prepare> {
  const user = await createUser();
  return async () => {
    const code = await obtainCode(user);
    return {
      send: () => postCode(code),
      status: 200,
      loadState: () => stateOf("codes", code),
      writes: "DB.batch",
      origin: APP_ORIGIN,
      expectDone: async (response, context) => {
        await expectExchanged(user, await stateOf("codes", code), response, context);
        // If the response arrived, its refresh token was used, and so the code is used up.
        const again = await redeemCode(code);
        expect(again.status, context).toBe(response ? 400 : 200);
      },
    };
  };
}

async function rotation(): Promise<Prepare> {
  const user = await createUser();
  return async () => {
    const { refresh_token } = await obtainTokens(user);
    return {
      send: () => postTokenRequest({ grant_type: "refresh_token", refresh_token }),
      status: 200,
      loadState: () => stateOf("refresh_tokens", refresh_token),
      writes: "DB.batch",
      origin: APP_ORIGIN,
      expectDone: async (response, context) => {
        await expectExchanged(
          user,
          await stateOf("refresh_tokens", refresh_token),
          response,
          context,
        );
        const again = await refreshTokens(refresh_token);
        expect(again.status, context).toBe(response ? 400 : 200);
      },
    };
  };
}

/** RFC 6749 §4.1.2: a used code revokes its grant. */
async function replay(): Promise<Prepare> {
  const user = await createUser();
  await openModuleWithBytes(user.name, "notes");
  return async () => {
    const code = await obtainCode(user);
    const { refresh_token } = await parseTokens(await redeemCode(code));
    const app = appWithTokens(user, await parseTokens(await refreshTokens(refresh_token)));
    return {
      send: () => postCode(code),
      status: 400,
      loadState: () => grantRows(user.name),
      writes: "DB.batch",
      origin: APP_ORIGIN,
      expectDone: async (_, context) => {
        expect(await grantRows(user.name), context).toEqual([]);
        expect((await app.get("/notes/")).status, context).toBe(401);
      },
    };
  };
}

const revocation = (type: "access_token" | "refresh_token") => async (): Promise<Prepare> => {
  const user = await createUser();
  await openModuleWithBytes(user.name, "notes");
  return async () => {
    const tokens = await obtainTokens(user);
    return {
      send: () => postForm("/oauth/revoke", { token: tokens[type] }),
      status: 200,
      loadState: () => grantRows(user.name),
      writes: "DB.batch",
      origin: APP_ORIGIN,
      expectDone: async (_, context) => {
        expect(await grantRows(user.name), context).toEqual([]);
        expect((await appWithTokens(user, tokens).get("/notes/")).status, context).toBe(401);
      },
    };
  };
};

const CONSENT = { decision: "allow", duration: "always" };

async function implicitConsent(): Promise<FaultCase> {
  const user = await createUser();
  const headers = { Origin: ORIGIN, Cookie: user.cookie };
  return {
    send: () => postForm(authorizeUrl(user.name), CONSENT, headers),
    status: 302,
    loadState: () => grantRows(user.name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect((await grantRows(user.name)).length, context).toBeGreaterThan(0);
      if (!response) return;
      const app = new TestApp(user.name, fragmentParameters(response).access_token ?? "");
      expect((await app.put("/notes/a", "x")).status, context).toBe(201);
    },
  };
}

async function codeConsent(): Promise<FaultCase> {
  const user = await createUser();
  const headers = { Origin: ORIGIN, Cookie: user.cookie };
  const url = authorizeUrl(user.name, await codeFlowQuery());
  const codes = () =>
    env.DB.prepare(
      "SELECT count(*) AS codes FROM codes c JOIN accounts a ON a.id = c.account WHERE a.name = ?",
    )
      .bind(user.name)
      .first("codes");
  return {
    send: () => postForm(url, CONSENT, headers),
    status: 302,
    loadState: codes,
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await codes(), context).toBeGreaterThan(0);
      expect(await grantRows(user.name), context).toEqual([]);
      if (!response) return;
      const code = new URL(locationOf(response)).searchParams.get("code");
      await expectValid(user, await parseTokens(await redeemCode(code ?? "")), context);
    },
  };
}

async function disconnection(): Promise<Prepare> {
  const user = await createUser();
  await openModuleWithBytes(user.name, "notes");
  const headers = { Origin: ORIGIN, Cookie: user.cookie };
  return async () => {
    const app = await connectApp(user, "notes:rw");
    const code = await obtainCode(user);
    return {
      send: () =>
        postForm(`/apps/disconnect?${new URLSearchParams({ app: APP_ORIGIN })}`, {}, headers),
      status: 303,
      loadState: () => grantRows(user.name),
      writes: "DB.batch",
      expectDone: async (_, context) => {
        expect((await app.get("/notes/")).status, context).toBe(401);
        expect((await redeemCode(code)).status, context).toBe(400);
      },
    };
  };
}

/** The successor of a device code, and how many grants and refresh tokens it has. */
const stateOfDevice = async (deviceCode: string) =>
  env.DB.prepare(
    `SELECT d.successor,
            (SELECT count(*) FROM grants g WHERE g.account = d.account AND g.id = d.grant_id) AS grants,
            (SELECT count(*) FROM refresh_tokens r
             WHERE r.hash = d.successor AND r.successor IS NULL AND r.grant_id = d.grant_id) AS next
     FROM devices d WHERE hash = ?`,
  )
    .bind(await sha256(deviceCode))
    .first<{ successor: string | null; grants: number; next: number }>();

async function deviceExchange(): Promise<Prepare> {
  const user = await createUser();
  return async () => {
    const device = await startDevice();
    await allowDevice(user, device);
    const { device_code } = device;
    return {
      send: () =>
        postTokenRequest({ grant_type: DEVICE_GRANT_TYPE, device_code, client_id: DEVICE_NAME }),
      status: 200,
      loadState: () => stateOfDevice(device_code),
      writes: "DB.batch",
      origin: APP_ORIGIN,
      expectDone: async (response, context) => {
        await expectExchanged(user, await stateOfDevice(device_code), response, context);
        expect((await pollDevice(device)).status, context).toBe(response ? 400 : 200);
      },
    };
  };
}

async function deviceConsent(): Promise<FaultCase> {
  const user = await createUser();
  const device = await startDevice();
  const headers = {
    Origin: ORIGIN,
    Cookie: user.cookie,
    // User codes are rate limited by address.
    "CF-Connecting-IP": `2001:db8:3:${user.name.replace(/\D/g, "")}::1`,
  };
  const form = { user_code: device.user_code, decision: "allow", duration: "year" };
  const granted = () =>
    env.DB.prepare("SELECT granted FROM devices WHERE user_code = ?")
      .bind(device.user_code.replace("-", ""))
      .first();
  return {
    send: async () => {
      const response = await postForm("/device", form, headers);
      // A retry is refused, because the device was already allowed.
      const isAllowed = response.status === 400 && (await granted())?.granted !== null;
      return isAllowed ? new Response(null, { status: 200 }) : response;
    },
    status: 200,
    loadState: granted,
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await granted(), context).toEqual({ granted: "notes:rw" });
      expect(await grantRows(user.name), context).toEqual([]);
      await expectValid(user, await parseTokens(await pollDevice(device)), context);
    },
  };
}

/** RFC 8628 §3.5: a poll before the user decides. */
async function devicePoll(): Promise<FaultCase> {
  const { device_code } = await startDevice();
  const polled = async () =>
    env.DB.prepare("SELECT polled_at IS NOT NULL AS polled, interval FROM devices WHERE hash = ?")
      .bind(await sha256(device_code))
      .first();
  return {
    send: () =>
      postTokenRequest({ grant_type: DEVICE_GRANT_TYPE, device_code, client_id: DEVICE_NAME }),
    status: 400,
    loadState: polled,
    writes: "DB.run",
    origin: APP_ORIGIN,
    expectDone: async (response, context) => {
      // A retry may be told to slow down; nothing else changes.
      expect(await polled(), context).toMatchObject({ polled: 1 });
      if (response) {
        const { error } = (await response.json()) as { error: string };
        expect(["authorization_pending", "slow_down"], context).toContain(error);
      }
    },
  };
}

/** One grant of an app is narrowed, another is revoked. */
async function narrowing(): Promise<FaultCase> {
  const user = await createUser();
  const wide = await connectApp(user, "notes:rw photos:rw");
  const photos = await connectApp(user, "photos:rw");
  await openModuleWithBytes(user.name, "notes");
  const code = await obtainCode(user);
  const headers = { Origin: ORIGIN, Cookie: user.cookie };
  const form = { "level:notes": "r", "level:photos": "none", end: "keep" };
  const scopes = async () => (await grantRows(user.name)).map(({ scope }) => scope);
  return {
    send: () => postForm(`/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`, form, headers),
    status: 303,
    loadState: scopes,
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await scopes(), context).toEqual(["notes:r"]);
      expect((await wide.get("/notes/")).status, context).toBe(200);
      expect((await wide.put("/notes/a", "x")).status, context).toBe(403);
      expect((await photos.get("/photos/")).status, context).toBe(401);
      expect((await redeemCode(code)).status, context).toBe(400);
    },
  };
}

async function personalToken(): Promise<FaultCase> {
  const user = await createUser();
  const headers = { Origin: ORIGIN, Cookie: user.cookie };
  const form = { name: "Backup", write: "notes", read: "", duration: "always" };
  return {
    send: () => postForm("/apps/tokens", form, headers),
    status: 200,
    loadState: () => grantRows(user.name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect((await grantRows(user.name)).length, context).toBeGreaterThan(0);
      if (!response) return;
      const token = /id="token"[^>]*>\s*([^<\s]+)/.exec(await response.text())?.[1] ?? "";
      const app = new TestApp(user.name, token);
      expect((await app.put("/notes/a", "x")).status, context).toBe(201);
    },
  };
}

/** A request for which nothing can be shared, because it shows in everything that the user has. */
const alone = (prepare: Prepare) => async (): Promise<Prepare> => prepare;

describe.each([
  ["§10.1 RFC 6749 §4.1.3 exchanging a code", codeExchange],
  ["§10.1 RFC 6749 §6 exchanging a refresh token", rotation],
  ["RFC 6749 §4.1.2 replaying a code", replay],
  ["RFC 7009 revoking an access token", revocation("access_token")],
  ["RFC 7009 revoking a refresh token", revocation("refresh_token")],
  ["§10 allowing an app in the implicit flow", alone(implicitConsent)],
  ["§10.1 allowing an app in the code flow", alone(codeConsent)],
  ["disconnecting an app", disconnection],
  ["RFC 8628 §3.5 exchanging a device code", deviceExchange],
  ["RFC 8628 §3.5 polling before the user decides", alone(devicePoll)],
  ["RFC 8628 §3.3 allowing a device", alone(deviceConsent)],
  ["narrowing the access of an app", alone(narrowing)],
  ["creating a personal token", alone(personalToken)],
])("%s", (_, share) => testEachFault(share));
