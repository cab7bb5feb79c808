/** What the daily job deletes, and what it must keep. */

import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import worker from "../../src/index";
import { DAY_MS } from "../support/clock";
import { allowDevice, pollDevice, startDevice } from "../support/devices";
import {
  appWithTokens,
  oauthError,
  obtainCode,
  obtainTokens,
  parseTokens,
  redeemCode,
  refreshTokens,
} from "../support/oauth";
import { connectApp, createUser } from "../support/provider";
import { allRows, grantRows } from "../support/rows";
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
