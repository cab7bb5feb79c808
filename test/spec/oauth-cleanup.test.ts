/** What the daily job deletes, and what it must keep. */

import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { advanceClock, DAY_MS } from "../support/clock";
import { allowDevice, pollDevice, startDevice } from "../support/devices";
import worker from "../support/guard/worker";
import { mainText } from "../support/html";
import {
  appWithTokens,
  oauthError,
  obtainCode,
  obtainTokens,
  parseTokens,
  redeemCode,
  refreshTokens,
} from "../support/oauth";
import {
  APP_ORIGIN,
  connectApp,
  createSession,
  createUser,
  fragmentParameters,
  ORIGIN,
  send,
  sendForm,
  submitConsent,
  TestApp,
  type TestUser,
} from "../support/provider";
import { accountId, activityRows, allRows, grantRows } from "../support/rows";
import { signedInUser, submitSignIn } from "../support/sign-in-forms";

async function runDaily(days: number): Promise<void> {
  const scheduledTime = Date.now() + days * DAY_MS;
  await worker.scheduled(createScheduledController({ scheduledTime }), env);
}

it("The daily job keeps everything that is still needed, used codes and refresh tokens included", async () => {
  const alice = await createUser();
  const app = await connectApp(alice);
  const code = await obtainCode(alice);
  const first = await parseTokens(await redeemCode(code));
  const second = await parseTokens(await refreshTokens(first.refresh_token));
  const before = await allRows();
  await runDaily(0);
  expect(await allRows()).toEqual(before);
  expect((await app.get("/")).status).toBe(200);
  expect((await appWithTokens(alice, second).get("/notes/")).status).toBe(200);
  // Replays are still detected.
  expect(await oauthError(await redeemCode(code))).toEqual([400, "invalid_grant"]);
  expect((await appWithTokens(alice, second).get("/notes/")).status).toBe(401);
});

it("A used refresh token is kept for a week, in which its replay revokes the grant, and then deleted", async () => {
  const alice = await createUser();
  const first = await obtainTokens(alice);
  const other = await obtainTokens(alice);
  const second = await parseTokens(await refreshTokens(first.refresh_token));
  await refreshTokens(other.refresh_token);
  const kept = () =>
    env.DB.prepare(
      "SELECT count(*) AS n FROM refresh_tokens r JOIN accounts a ON a.id = r.account WHERE a.name = ?",
    )
      .bind(alice.name)
      .first("n");
  // Within a minute it would be taken for a retry.
  await env.DB.prepare("UPDATE refresh_tokens SET issued_at = issued_at - 61000").run();
  await runDaily(6.9);
  expect(await kept()).toBe(4);
  expect(await oauthError(await refreshTokens(other.refresh_token))).toEqual([
    400,
    "invalid_grant",
  ]);
  expect(await grantRows(alice.name)).toHaveLength(1);
  expect(await kept(), "those of the revoked grant are deleted with it").toBe(2);
  await runDaily(7.1);
  expect(await kept(), "the used one is deleted").toBe(1);
  expect(await oauthError(await refreshTokens(first.refresh_token))).toEqual([
    400,
    "invalid_grant",
  ]);
  expect((await refreshTokens(second.refresh_token)).status).toBe(200);
});

it("The daily job deletes expired devices, and no others", async () => {
  const alice = await createUser();
  const [pending, allowed] = [await startDevice(), await startDevice()];
  await allowDevice(alice, allowed);
  await runDaily(0);
  expect((await allRows()).devices).toHaveLength(2);
  const tokens = await parseTokens(await pollDevice(allowed));
  await runDaily(1);
  expect(await allRows()).toMatchObject({ devices: [] });
  expect(await oauthError(await pollDevice(pending))).toEqual([400, "invalid_grant"]);
  expect((await appWithTokens(alice, tokens).get("/notes/")).status).toBe(200);
});

it("The daily job deletes expired codes, refresh tokens, sessions and grants", async () => {
  const alice = await createUser();
  const forever = await connectApp(alice);
  await obtainTokens(alice, "notes:rw", { duration: "month" });
  await runDaily(1);
  expect(await allRows()).toMatchObject({ codes: [] });
  expect(await signedInUser(alice.cookie)).toBe(alice.name);
  await runDaily(400);
  const rows = await allRows();
  expect(rows).toMatchObject({ codes: [], refresh_tokens: [], sessions: [] });
  expect(rows.grants?.map((row) => (row as { expires_at: unknown }).expires_at)).toEqual(
    rows.grants?.map(() => null),
  );
  expect((await forever.get("/")).status).toBe(200);
  expect((await submitSignIn(alice.name)).status).toBe(303);
});

describe("Grants that an app has lost", () => {
  /** The user in the browser in which an app was allowed before. */
  async function inSameBrowser(user: TestUser): Promise<TestUser> {
    const allowed = await submitConsent(user, { scope: "first:rw" });
    const browser = allowed.headers
      .getSetCookie()
      .find((cookie) => /^__Host-browser=/.test(cookie));
    expect(browser).toMatch(/; Max-Age=34560000; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    return { name: user.name, cookie: `${user.cookie}; ${browser?.split(";")[0]}` };
  }

  /** The id of the grant of an access token. */
  const grantOf = (token: string): string =>
    JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).grant;

  const connect = async (user: TestUser, query: Record<string, string> = {}) => {
    const response = await submitConsent(user, { scope: "notes:rw", ...query });
    const { access_token: token = "" } = fragmentParameters(response);
    const use = () => new TestApp(user.name, token).get("/notes/");
    return { id: grantOf(token), use };
  };

  const connectByCode = async (user: TestUser, query: Record<string, string> = {}) => {
    const { redirect_uri } = query;
    const code = await obtainCode(user, { scope: "notes:rw", ...query });
    const tokens = await parseTokens(await redeemCode(code, redirect_uri ? { redirect_uri } : {}));
    const use = async () => {
      const fresh = await parseTokens(await refreshTokens(tokens.refresh_token));
      return appWithTokens(user, fresh).get("/notes/");
    };
    return { id: grantOf(tokens.access_token), use };
  };

  /** Makes what a user has allowed, and its use, older. */
  async function age({ name }: TestUser, days: number): Promise<void> {
    const account = await accountId(name);
    await env.DB.batch([
      env.DB.prepare("UPDATE grants SET created_at = created_at - ?2 WHERE account = ?1").bind(
        account,
        days * DAY_MS,
      ),
      env.DB.prepare("UPDATE app_use SET last_at = last_at - ?2 WHERE account = ?1").bind(
        account,
        days * DAY_MS,
      ),
    ]);
  }

  const grantIds = async ({ name }: TestUser) => (await grantRows(name)).map(({ id }) => id).sort();

  it.each([
    ["implicit", connect],
    ["code", connectByCode],
  ])(
    "are deleted when it is allowed the same again in the same browser: %s flow",
    async (_, connectByFlow) => {
      const alice = await createUser();
      const browser = await inSameBrowser(alice);
      const [first] = await grantIds(alice);
      const [lost, neverUsed, used] = [
        await connectByFlow(browser),
        await connectByFlow(browser),
        await connectByFlow(browser),
      ];
      const elsewhere = await connectByFlow(alice);
      const narrower = await connectByFlow(browser, { scope: "notes:r" });
      const redirect_uri = `${APP_ORIGIN}/other/`;
      const otherPage = await connectByFlow(browser, { redirect_uri });
      expect((await lost.use()).status).toBe(200);
      const old = [lost.id, neverUsed.id];
      const kept = [first ?? "", used.id, elsewhere.id, narrower.id, otherPage.id];

      await age(alice, 6);
      expect((await used.use()).status).toBe(200);
      kept.push((await connectByFlow(browser)).id);
      expect(await grantIds(alice)).toEqual([...old, ...kept].sort());

      await age(alice, 2);
      const before = await activityRows(alice.name);
      kept.push((await connectByFlow(browser)).id);
      expect(await grantIds(alice)).toEqual(kept.sort());
      expect((await lost.use().catch(() => null))?.status ?? 401).toBe(401);
      // The app is as connected as before, so this is no event.
      expect(await activityRows(alice.name)).toHaveLength(before.length + 1);
    },
  );

  it("are kept of a program, which may have been allowed for each of its profiles", async () => {
    const alice = await createUser();
    const browser = await inSameBrowser(alice);
    const program = { redirect_uri: "com.example.app:/callback", client_id: "com.example.app" };
    const first = await connectByCode(browser, program);
    await age(alice, 8);
    const second = await connectByCode(browser, program);
    expect(await grantIds(alice)).toEqual(expect.arrayContaining([first.id, second.id]));
  });
});

describe("Apps that have not been used for a year", () => {
  const YEAR_MS = 365 * DAY_MS;

  it("are offered for disconnecting, with when they were last used, and only those are disconnected", async () => {
    const alice = await createUser();
    const old = await connectTo(alice, "https://old.example/");
    const kept = await connectTo(alice, "https://kept.example/");
    const used = await connectTo(alice, "https://used.example/");
    for (const app of [old, kept, used]) await app.get("/notes/");
    const open = async (path: string) => {
      const cookie = await createSession(await accountId(alice.name));
      return mainText(await (await send(path, { headers: { Cookie: cookie } })).text());
    };
    expect(await open("/apps")).not.toContain("for a year");
    advanceClock(YEAR_MS - DAY_MS);
    await used.get("/notes/");
    await runDaily(0);
    expect(await open("/apps")).not.toContain("for a year");
    advanceClock(2 * DAY_MS);
    await runDaily(0);
    const apps = await open("/apps");
    expect(apps).toContain("2 apps haven’t been used for a year.");
    expect(apps).toMatch(/https:\/\/old\.example .*?Last used/);
    expect(await open("/apps/unused")).toMatch(/old\.example .*kept\.example/);
    expect(await open("/apps/unused")).not.toContain("used.example");

    // One is used just before the form is sent, and one was never on it.
    await kept.get("/notes/");
    const cookie = await createSession(await accountId(alice.name));
    const selected = new URLSearchParams(
      ["old", "kept", "used"].map((name) => ["app", `https://${name}.example`]),
    );
    const response = await send("/apps/unused", {
      method: "POST",
      body: selected,
      headers: { Cookie: cookie, Origin: ORIGIN },
    });
    expect(response.headers.get("location")).toBe("/apps?done=disconnected");
    const found = [old, kept, used].map(async (app) => (await app.get("/notes/")).status);
    expect(await Promise.all(found)).toEqual([401, 200, 200]);
    expect((await activityRows(alice.name)).at(-1)).toMatchObject({ kind: "app-disconnected" });
    expect((await sendForm("/apps/unused", {}, { cookie })).status).toBe(303);
  });

  const connectTo = async (user: TestUser, redirect_uri: string): Promise<TestApp> => {
    const response = await submitConsent(user, { redirect_uri, client_id: redirect_uri });
    return new TestApp(user.name, fragmentParameters(response).access_token ?? "");
  };
});
