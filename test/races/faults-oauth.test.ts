/**
 * Apps are connected, and exchange and give back their tokens, while the connection to D1 breaks,
 * at each call: nothing is used up for nothing, and no grant stands by half.
 */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/core/secrets";
import { allowDevice, DEVICE_GRANT, poll, startDevice, TV } from "../support/devices";
import { type Act, CUTS, cutAtEachCall } from "../support/fault-injection";
import { reserve } from "../support/modules";
import {
  allowCode,
  appWith,
  codeQuery,
  redeem,
  refresh,
  type Tokens,
  tokensIn,
  tokensOf,
  VERIFIER,
} from "../support/oauth";
import { grantRows } from "../support/rows";
import { sendWithSettings } from "../support/send-with-settings";
import {
  APP_ORIGIN,
  authorizeUrl,
  connectApp,
  createUser,
  fragmentParameters,
  ORIGIN,
  TestApp,
  type TestUser,
} from "../support/provider";

/** As an app posts a form, to a Worker that has just started and so has read no keys yet. */
const postForm = (
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = { Origin: APP_ORIGIN },
): Promise<Response> =>
  sendWithSettings({})(path, { method: "POST", body: new URLSearchParams(fields), headers });

const askForTokens = (fields: Record<string, string>): Promise<Response> =>
  postForm("/oauth/token", fields);

/** What stands of a code or refresh token, of the grant and of the tokens that came of it. */
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

/** The tokens are good: the access token for reading, the refresh token for the next ones. */
async function expectGood(person: TestUser, tokens: Tokens, context: string): Promise<Tokens> {
  expect((await appWith(person, tokens).get("/notes/")).status, context).toBe(200);
  const next = await refresh(tokens.refresh_token);
  expect(next.status, context).toBe(200);
  return tokensIn(next);
}

async function codeExchange(): Promise<Act> {
  const person = await createUser();
  const code = await allowCode(person);
  return {
    send: () =>
      askForTokens({
        grant_type: "authorization_code",
        code,
        redirect_uri: `${APP_ORIGIN}/`,
        code_verifier: VERIFIER,
      }),
    status: 200,
    state: () => stateOf("codes", code),
    writes: "DB.batch",
    origin: APP_ORIGIN,
    expectDone: async (response, context) => {
      const state = await stateOf("codes", code);
      expect(state, context).toEqual({ successor: expect.any(String), grants: 1, next: 1 });
      if (response) {
        const tokens = await tokensIn(response);
        expect(state?.successor, context).toBe(await sha256(tokens.refresh_token));
        await expectGood(person, tokens, context);
      }
      expect((await redeem(code)).status, `${context}: the code is used up`).toBe(400);
    },
  };
}

async function rotation(): Promise<Act> {
  const person = await createUser();
  const { refresh_token } = await tokensOf(person);
  return {
    send: () => askForTokens({ grant_type: "refresh_token", refresh_token }),
    status: 200,
    state: () => stateOf("refresh_tokens", refresh_token),
    writes: "DB.batch",
    origin: APP_ORIGIN,
    expectDone: async (response, context) => {
      const state = await stateOf("refresh_tokens", refresh_token);
      expect(state, context).toEqual({ successor: expect.any(String), grants: 1, next: 1 });
      if (response) {
        const tokens = await tokensIn(response);
        expect(state?.successor, context).toBe(await sha256(tokens.refresh_token));
        await expectGood(person, tokens, context);
      }
      expect((await refresh(refresh_token)).status, `${context}: it is used up`).toBe(400);
    },
  };
}

/** RFC 6749 §4.1.2: a code that comes a second time revokes what came of the first. */
async function replay(): Promise<Act> {
  const person = await createUser();
  const code = await allowCode(person);
  const app = appWith(person, await tokensIn(await redeem(code)));
  await reserve(person.name, "notes");
  return {
    send: () =>
      askForTokens({
        grant_type: "authorization_code",
        code,
        redirect_uri: `${APP_ORIGIN}/`,
        code_verifier: VERIFIER,
      }),
    status: 400,
    state: () => grantRows(person.name),
    writes: "DB.batch",
    origin: APP_ORIGIN,
    expectDone: async (_, context) => {
      expect(await grantRows(person.name), context).toEqual([]);
      expect((await app.get("/notes/")).status, context).toBe(401);
    },
  };
}

const revocation = (which: "access_token" | "refresh_token") => async (): Promise<Act> => {
  const person = await createUser();
  const tokens = await tokensOf(person);
  await reserve(person.name, "notes");
  return {
    send: () => postForm("/oauth/revoke", { token: tokens[which] }),
    status: 200,
    state: () => grantRows(person.name),
    writes: "DB.batch",
    origin: APP_ORIGIN,
    expectDone: async (_, context) => {
      expect(await grantRows(person.name), context).toEqual([]);
      expect((await appWith(person, tokens).get("/notes/")).status, context).toBe(401);
    },
  };
};

const allow = { decision: "allow", duration: "always" };

async function implicitConsent(): Promise<Act> {
  const person = await createUser();
  const headers = { Origin: ORIGIN, Cookie: person.cookie };
  return {
    send: () => postForm(authorizeUrl(person.name), allow, headers),
    status: 302,
    state: () => grantRows(person.name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect((await grantRows(person.name)).length, context).toBeGreaterThan(0);
      if (!response) return;
      const app = new TestApp(person.name, fragmentParameters(response).access_token ?? "");
      expect((await app.put("/notes/a", "x")).status, context).toBe(201);
    },
  };
}

async function codeConsent(): Promise<Act> {
  const person = await createUser();
  const headers = { Origin: ORIGIN, Cookie: person.cookie };
  const url = authorizeUrl(person.name, await codeQuery());
  const codes = () =>
    env.DB.prepare(
      "SELECT count(*) AS codes FROM codes c JOIN accounts a ON a.id = c.account WHERE a.name = ?",
    )
      .bind(person.name)
      .first("codes");
  return {
    send: () => postForm(url, allow, headers),
    status: 302,
    state: codes,
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect(await codes(), context).toBeGreaterThan(0);
      expect(await grantRows(person.name), context).toEqual([]);
      if (!response) return;
      const code = new URL(response.headers.get("location") ?? "").searchParams.get("code");
      await expectGood(person, await tokensIn(await redeem(code ?? "")), context);
    },
  };
}

async function disconnection(): Promise<Act> {
  const person = await createUser();
  const app = await connectApp(person, "notes:rw");
  await reserve(person.name, "notes");
  const code = await allowCode(person);
  const headers = { Origin: ORIGIN, Cookie: person.cookie };
  return {
    send: () =>
      postForm(`/apps/disconnect?${new URLSearchParams({ app: APP_ORIGIN })}`, {}, headers),
    status: 303,
    state: () => grantRows(person.name),
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect((await app.get("/notes/")).status, context).toBe(401);
      expect((await redeem(code)).status, context).toBe(400);
    },
  };
}

/** What stands of a device, of its grant and of the refresh token that came of it. */
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

async function deviceExchange(): Promise<Act> {
  const person = await createUser();
  const device = await startDevice();
  await allowDevice(person, device);
  const { device_code } = device;
  return {
    send: () => askForTokens({ grant_type: DEVICE_GRANT, device_code, client_id: TV }),
    status: 200,
    state: () => stateOfDevice(device_code),
    writes: "DB.batch",
    origin: APP_ORIGIN,
    expectDone: async (response, context) => {
      const state = await stateOfDevice(device_code);
      expect(state, context).toEqual({ successor: expect.any(String), grants: 1, next: 1 });
      if (response) {
        const tokens = await tokensIn(response);
        expect(state?.successor, context).toBe(await sha256(tokens.refresh_token));
        await expectGood(person, tokens, context);
      }
      expect((await poll(device)).status, `${context}: the code is used up`).toBe(400);
    },
  };
}

async function deviceAllowed(): Promise<Act> {
  const person = await createUser();
  const device = await startDevice();
  const headers = {
    Origin: ORIGIN,
    Cookie: person.cookie,
    // Codes are limited by address, and this is many of them.
    "CF-Connecting-IP": `2001:db8:3:${person.name.replace(/\D/g, "")}::1`,
  };
  const answer = { user_code: device.user_code, decision: "allow", duration: "year" };
  const granted = () =>
    env.DB.prepare("SELECT granted FROM devices WHERE user_code = ?")
      .bind(device.user_code.replace("-", ""))
      .first();
  return {
    send: async () => {
      const response = await postForm("/device", answer, headers);
      // Who asks again is told that it was answered.
      const isAnswered = response.status === 400 && (await granted())?.granted !== null;
      return isAnswered ? new Response(null, { status: 200 }) : response;
    },
    status: 200,
    state: granted,
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await granted(), context).toEqual({ granted: "notes:rw" });
      expect(await grantRows(person.name), context).toEqual([]);
      await expectGood(person, await tokensIn(await poll(device)), context);
    },
  };
}

/** RFC 8628 §3.5: what a device hears while nobody has answered. */
async function devicePoll(): Promise<Act> {
  const { device_code } = await startDevice();
  const polled = async () =>
    env.DB.prepare("SELECT polled_at IS NOT NULL AS polled, interval FROM devices WHERE hash = ?")
      .bind(await sha256(device_code))
      .first();
  return {
    send: () => askForTokens({ grant_type: DEVICE_GRANT, device_code, client_id: TV }),
    status: 400,
    state: polled,
    writes: "DB.run",
    origin: APP_ORIGIN,
    expectDone: async (response, context) => {
      // Once slowed down it is told so; nothing else ever comes of it.
      expect(await polled(), context).toMatchObject({ polled: 1 });
      if (response) {
        const { error } = (await response.json()) as { error: string };
        expect(["authorization_pending", "slow_down"], context).toContain(error);
      }
    },
  };
}

/** Of two grants of an app, one is cut and one ends. */
async function narrowed(): Promise<Act> {
  const person = await createUser();
  const wide = await connectApp(person, "notes:rw photos:rw");
  const photos = await connectApp(person, "photos:rw");
  await reserve(person.name, "notes");
  const code = await allowCode(person);
  const headers = { Origin: ORIGIN, Cookie: person.cookie };
  const form = { "level:notes": "r", "level:photos": "none", end: "keep" };
  const standing = async () => (await grantRows(person.name)).map(({ scope }) => scope);
  return {
    send: () => postForm(`/apps/app?${new URLSearchParams({ id: APP_ORIGIN })}`, form, headers),
    status: 303,
    state: standing,
    writes: "DB.batch",
    expectDone: async (_, context) => {
      expect(await standing(), context).toEqual(["notes:r"]);
      expect((await wide.get("/notes/")).status, context).toBe(200);
      expect((await wide.put("/notes/a", "x")).status, context).toBe(403);
      expect((await photos.get("/photos/")).status, context).toBe(401);
      expect((await redeem(code)).status, context).toBe(400);
    },
  };
}

async function tokenMade(): Promise<Act> {
  const person = await createUser();
  const headers = { Origin: ORIGIN, Cookie: person.cookie };
  const form = { name: "Backup", write: "notes", read: "", duration: "always" };
  return {
    send: () => postForm("/apps/tokens", form, headers),
    status: 200,
    state: () => grantRows(person.name),
    writes: "DB.batch",
    expectDone: async (response, context) => {
      expect((await grantRows(person.name)).length, context).toBeGreaterThan(0);
      if (!response) return;
      const token = /id="token"[^>]*>\s*([^<\s]+)/.exec(await response.text())?.[1] ?? "";
      const app = new TestApp(person.name, token);
      expect((await app.put("/notes/a", "x")).status, context).toBe(201);
    },
  };
}

describe.each([
  ["§10.1 RFC 6749 §4.1.3 a code is exchanged", codeExchange],
  ["§10.1 RFC 6749 §6 a refresh token is exchanged", rotation],
  ["RFC 6749 §4.1.2 a code comes a second time", replay],
  ["RFC 7009 an access token is given back", revocation("access_token")],
  ["RFC 7009 a refresh token is given back", revocation("refresh_token")],
  ["§10 an app is allowed a token", implicitConsent],
  ["§10.1 an app is allowed a code", codeConsent],
  ["an app is disconnected", disconnection],
  ["RFC 8628 §3.5 a device code is exchanged", deviceExchange],
  ["RFC 8628 §3.5 a device asks and has to wait", devicePoll],
  ["RFC 8628 §3.3 a device is allowed", deviceAllowed],
  ["something is taken away from an app", narrowed],
  ["a token is made by hand", tokenMade],
])("%s", (_, ready) => {
  it.each(CUTS)("at each call: $title", (kind) => cutAtEachCall(kind, ready));
});
