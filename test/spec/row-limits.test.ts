/** Rows in D1 that anonymous clients, or one account, can add: how many there may be, and when they go. */

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { recordActivity } from "../../src/accounts/activity";
import { limitTokenRefresh } from "../../src/http/rate-limits";
import { advanceClock, DAY_MS, MINUTE_MS } from "../support/clock";
import { allowDevice, pollDevice, postDeviceRequest, startDevice } from "../support/devices";
import { mainText } from "../support/html";
import {
  appWithTokens,
  codeFlowQuery,
  oauthError,
  obtainTokens,
  parseTokens,
  refreshTokens,
} from "../support/oauth";
import { sendJson } from "../support/passkeys";
import {
  connectApp,
  createSession,
  createUser,
  sendForm,
  submitConsent,
  type TestUser,
} from "../support/provider";
import { accountId, activityRows, allRows, grantRows } from "../support/rows";
import { signedInUser, submitSignIn, uniqueClientAddress } from "../support/sign-in-forms";

const countRows = async (table: string): Promise<number> =>
  Number(await env.DB.prepare(`SELECT count(*) AS n FROM ${table}`).first("n"));

/** Inserts many rows with one statement; `i` counts from 1. */
const insertMany = (sql: string, count: number, ...values: unknown[]): Promise<unknown> =>
  env.DB.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) ${sql}`,
  )
    .bind(...values)
    .run();

const fillDevices = (count: number): Promise<unknown> =>
  insertMany(
    `INSERT INTO devices (hash, user_code, name, scope, interval, expires_at, client)
     SELECT 'hash' || i, 'code' || i, 'TV', 'a:r', 5, ?1, 'address ' || i FROM n`,
    count,
    Date.now() + MINUTE_MS,
  );

const fillChallenges = (count: number, client: string): Promise<unknown> =>
  insertMany(
    `INSERT INTO challenges (hash, purpose, expires_at, client)
     SELECT ?1 || i, 'sign-in', ?2, CASE ?1 WHEN 'each' THEN i ELSE ?1 END FROM n`,
    count,
    client,
    Date.now() + MINUTE_MS,
  );

/** Requests options for signing in with a passkey, which inserts a challenge. */
const beginSignIn = (headers: Record<string, string>): Promise<Response> =>
  sendJson("/sign-in/passkey", {}, headers);

const expectUnchanged = async (action: () => Promise<unknown>): Promise<void> => {
  const before = await allRows();
  await action();
  expect(await allRows()).toEqual(before);
};

describe("Devices that wait for a decision", () => {
  it("are at most twenty for one address; expired ones make room, and go with the next request", async () => {
    const address = uniqueClientAddress();
    for (let i = 0; i < 20; i++) {
      expect((await postDeviceRequest({}, address)).status).toBe(200);
    }
    await expectUnchanged(async () => {
      const response = await postDeviceRequest({}, address);
      expect(response.headers.get("retry-after")).toBe("60");
      expect(await oauthError(response)).toEqual([429, "slow_down"]);
    });
    const other = await startDevice();
    expect(await countRows("devices")).toBe(21);
    const user = await createUser();
    expect((await allowDevice(user, other)).status).toBe(200);
    advanceClock(12 * MINUTE_MS);
    expect((await postDeviceRequest({}, address)).status).toBe(200);
    expect(await countRows("devices")).toBe(1);
  });

  it("no longer count as their address's when a user has decided, and do not name it", async () => {
    const device = await startDevice();
    await allowDevice(await createUser(), device);
    expect(
      await env.DB.prepare("SELECT client FROM devices WHERE account IS NOT NULL").first(),
    ).toEqual({ client: "" });
  });

  it("are at most 20,000 in all", async () => {
    await env.DB.exec("DELETE FROM devices");
    await fillDevices(20_000);
    await expectUnchanged(async () => {
      expect(await oauthError(await postDeviceRequest())).toEqual([429, "slow_down"]);
    });
    advanceClock(20 * MINUTE_MS);
    expect((await postDeviceRequest()).status).toBe(200);
    expect(await countRows("devices")).toBe(1);
  });

  it("take less than a kilobyte each, whatever they ask for", async () => {
    const scope = Array.from({ length: 7 }, (_, i) => `${i}`.padEnd(64, "m").concat(":rw")).join(
      " ",
    );
    expect((await postDeviceRequest({ scope, client_id: "T".repeat(50) })).status).toBe(200);
    const { results } = await env.DB.prepare("SELECT * FROM devices").all();
    expect(Math.max(...results.map((row) => JSON.stringify(row).length))).toBeLessThan(1024);
  });
});

describe("Challenges for passkeys", () => {
  it("are at most a hundred for one address; expired ones go with the next request", async () => {
    const address = uniqueClientAddress();
    const [client = ""] = String(Object.values(address)[0]).split("::");
    await fillChallenges(100, client);
    await expectUnchanged(async () => {
      const response = await beginSignIn(address);
      expect([response.status, response.headers.get("retry-after")]).toEqual([429, "60"]);
    });
    expect((await beginSignIn(uniqueClientAddress())).status).toBe(200);
    advanceClock(6 * MINUTE_MS);
    expect((await beginSignIn(address)).status).toBe(200);
    expect(await countRows("challenges")).toBe(1);
  });

  it("are at most 50,000 in all", async () => {
    await env.DB.exec("DELETE FROM challenges");
    await fillChallenges(50_000, "each");
    for (const path of ["/sign-in/passkey", "/sign-up/passkey"]) {
      expect((await sendJson(path, { name: "somebody" })).status).toBe(429);
    }
    expect(await countRows("challenges")).toBe(50_000);
    advanceClock(6 * MINUTE_MS);
    expect((await beginSignIn({})).status).toBe(200);
    expect(await countRows("challenges")).toBe(1);
  });
});

describe("The grants of an account", () => {
  const fillGrants = async (user: TestUser, count: number, expiresAt: number | null = null) =>
    insertMany(
      `INSERT INTO grants (account, id, origin, app_url, scope, flow, created_at, expires_at)
       SELECT ?1, 'grant' || i, 'https://app' || i || '.example', '', 'notes:r', 'implicit', i, ?2 FROM n`,
      count,
      await accountId(user.name),
      expiresAt,
    );

  it("are at most a thousand, however they are made; apps that are disconnected make room", async () => {
    await connectApp(await createUser()); // The first token creates a signing key.
    const user = await createUser();
    await fillGrants(user, 1000);
    const device = await startDevice();
    await expectUnchanged(async () => {
      for (const response of [
        await submitConsent(user),
        await submitConsent(user, await codeFlowQuery()),
        await allowDevice(user, device),
        await sendForm(
          "/apps/tokens",
          { name: "backup", write: "notes", read: "", duration: "year" },
          { cookie: user.cookie },
        ),
      ]) {
        expect([response.status, response.headers.get("location")]).toEqual([409, null]);
        expect(mainText(await response.text())).toContain("Disconnect those");
      }
    });
    const app = "https://app7.example";
    await sendForm(`/apps/disconnect?${new URLSearchParams({ app })}`, {}, { cookie: user.cookie });
    expect((await allowDevice(user, device)).status).toBe(200);
    expect((await submitConsent(user)).status).toBe(409);
    await parseTokens(await pollDevice(device));
    expect(await grantRows(user.name)).toHaveLength(1000);
  });

  it("count codes that are not redeemed yet, and not what has expired", async () => {
    const user = await createUser();
    await fillGrants(user, 999);
    expect((await submitConsent(user, await codeFlowQuery())).status).toBe(200);
    expect((await submitConsent(user)).status).toBe(409);
    advanceClock(2 * MINUTE_MS);
    expect((await submitConsent(user)).status).toBe(200);
    expect(await grantRows(user.name)).toHaveLength(1000);

    const other = await createUser();
    await fillGrants(other, 1000, Date.now() - 1);
    expect((await submitConsent(other)).status).toBe(200);
    expect(await grantRows(other.name)).toHaveLength(1);
  });
});

describe("Refresh tokens", () => {
  it("are deleted with their grant, as is its usage", async () => {
    const user = await createUser();
    const tokens = await obtainTokens(user);
    await refreshTokens(tokens.refresh_token);
    const account = await accountId(user.name);
    const ownRows = async (table: string) =>
      env.DB.prepare(`SELECT count(*) AS n FROM ${table} WHERE account = ?`)
        .bind(account)
        .first("n");
    await env.DB.prepare(
      "INSERT INTO app_use SELECT account, id, 1, 1, 1, 1 FROM grants WHERE account = ?",
    )
      .bind(account)
      .run();
    expect([await ownRows("refresh_tokens"), await ownRows("app_use")]).toEqual([2, 1]);
    await sendForm("/apps/disconnect-all", {}, { cookie: user.cookie });
    expect([await ownRows("refresh_tokens"), await ownRows("app_use")]).toEqual([0, 0]);
    expect(await oauthError(await refreshTokens(tokens.refresh_token))).toEqual([
      400,
      "invalid_grant",
    ]);
  });

  it("of an account are exchanged at a limited rate, and a refused one stays valid", async () => {
    const user = await createUser();
    const other = await obtainTokens(user);
    const tokens = await obtainTokens(user);
    const { claims } = appWithTokens(user, tokens);
    let { refresh_token } = tokens;
    advanceClock(0);
    for (let i = 0; i < 140; i++) expect(limitTokenRefresh(env, claims, Date.now())).toBeNull();
    let response = await refreshTokens(refresh_token);
    for (let i = 0; i < 20 && response.status === 200; i++) {
      ({ refresh_token } = await parseTokens(response));
      response = await refreshTokens(refresh_token);
    }
    expect(response.status).toBe(429);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    await expectUnchanged(async () => {
      expect((await refreshTokens(refresh_token)).status).toBe(429);
    });
    // No app keeps the others from renewing their access.
    await parseTokens(await refreshTokens(other.refresh_token));
    advanceClock(3 * MINUTE_MS);
    expect((await refreshTokens(refresh_token)).status).toBe(200);
  });
});

describe("The rows of one account", () => {
  it("are at most 101 sessions: with a new one, those that were not used for longest end", async () => {
    const user = await createUser();
    const account = await accountId(user.name);
    await env.DB.prepare("UPDATE sessions SET seen_at = 1 WHERE account = ?").bind(account).run();
    const cookies: string[] = [];
    for (let i = 0; i < 100; i++) cookies.push(await createSession(account));
    expect((await submitSignIn(user.name)).status).toBe(303);
    const sessions = await env.DB.prepare("SELECT count(*) AS n FROM sessions WHERE account = ?")
      .bind(account)
      .first("n");
    expect(sessions).toBeLessThanOrEqual(101);
    expect(await signedInUser(user.cookie)).toBe("");
    expect(await signedInUser(cookies.at(-1) ?? "")).toBe(user.name);
  });

  it("are the latest 500 activity entries of each kind, so that none displaces those of another", async () => {
    const user = await createUser();
    const account = await accountId(user.name);
    await recordActivity(env.DB, account, { kind: "password-set" }, Date.now() - DAY_MS);
    await insertMany(
      `INSERT INTO activity (account, at, id, kind, detail)
       SELECT ?1, i, 'id', 'export', '{}' FROM n`,
      500,
      account,
    );
    for (let i = 0; i < 3; i++) {
      await recordActivity(env.DB, account, { kind: "export" }, Date.now() + i);
    }
    const entries = await activityRows(user.name);
    expect(entries.filter(({ kind }) => kind === "export")).toHaveLength(500);
    expect(entries.filter(({ kind }) => kind === "password-set")).toHaveLength(1);
    const oldest = await env.DB.prepare("SELECT min(at) AS at FROM activity WHERE account = ?")
      .bind(account)
      .first("at");
    expect(oldest).toBe(4);
  });

  it("are at most fifty passkeys", async () => {
    const user = await createUser();
    const account = await accountId(user.name);
    await insertMany(
      "INSERT INTO passkeys SELECT 'key' || i || ?1, ?1, 'key', 0, '[]', 'Phone', 1, NULL FROM n",
      50,
      account,
    );
    await expectUnchanged(async () => {
      const response = await sendJson("/security/passkeys/add", {}, { cookie: user.cookie });
      expect([response.status, (await response.json()) as object]).toEqual([
        409,
        expect.objectContaining({ error: "too-many-passkeys" }),
      ]);
    });
  });

  it("that are codes go with the next consent after they have expired", async () => {
    const user = await createUser();
    await submitConsent(user, await codeFlowQuery());
    advanceClock(2 * MINUTE_MS);
    await connectApp(user);
    expect(
      await env.DB.prepare("SELECT 1 FROM codes WHERE account = ?")
        .bind(await accountId(user.name))
        .all(),
    ).toMatchObject({ results: [] });
  });
});
