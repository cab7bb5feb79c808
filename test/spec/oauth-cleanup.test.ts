/** What the daily round forgets, and what it must not. */

import { createScheduledController } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import worker from "../../src/index";
import { DAY_MS } from "../support/clock";
import { allowDevice, poll, startDevice } from "../support/devices";
import {
  allowCode,
  appWith,
  oauthError,
  redeem,
  refresh,
  tokensIn,
  tokensOf,
} from "../support/oauth";
import { signedInUser, submitSignIn } from "../support/sign-in-forms";
import { allRows, grantRows } from "../support/rows";
import { connectApp, createUser } from "../support/provider";

async function runDaily(days: number): Promise<void> {
  const scheduledTime = Date.now() + days * DAY_MS;
  await worker.scheduled(createScheduledController({ scheduledTime }), env);
}

it("The daily round forgets nothing that still counts, used codes and refresh tokens included", async () => {
  const alice = await createUser();
  const app = await connectApp(alice);
  const code = await allowCode(alice);
  const first = await tokensIn(await redeem(code));
  const second = await tokensIn(await refresh(first.refresh_token));
  const before = await allRows();
  await runDaily(0);
  expect(await allRows()).toEqual(before);
  expect((await app.get("/")).status).toBe(200);
  expect((await appWith(alice, second).get("/notes/")).status).toBe(200);
  // The replays are still known for what they are.
  expect(await oauthError(await redeem(code))).toEqual([400, "invalid_grant"]);
  expect((await appWith(alice, second).get("/notes/")).status).toBe(401);
});

it("A used refresh token is known for a week, whose replay ends the grant, and then forgotten", async () => {
  const alice = await createUser();
  const first = await tokensOf(alice);
  const other = await tokensOf(alice);
  const second = await tokensIn(await refresh(first.refresh_token));
  await refresh(other.refresh_token);
  const kept = () =>
    env.DB.prepare(
      "SELECT count(*) AS n FROM refresh_tokens r JOIN accounts a ON a.id = r.account WHERE a.name = ?",
    )
      .bind(alice.name)
      .first("n");
  await runDaily(6.9);
  expect(await kept()).toBe(4);
  expect(await oauthError(await refresh(other.refresh_token))).toEqual([400, "invalid_grant"]);
  expect(await grantRows(alice.name)).toHaveLength(1);
  await runDaily(7.1);
  expect(await kept(), "the two that were used").toBe(2);
  expect(await oauthError(await refresh(first.refresh_token))).toEqual([400, "invalid_grant"]);
  expect((await refresh(second.refresh_token)).status).toBe(200);
});

it("The daily round forgets devices whose time is over, and no others", async () => {
  const alice = await createUser();
  const [waiting, allowed] = [await startDevice(), await startDevice()];
  await allowDevice(alice, allowed);
  await runDaily(0);
  expect((await allRows()).devices).toHaveLength(2);
  const tokens = await tokensIn(await poll(allowed));
  await runDaily(1);
  expect(await allRows()).toMatchObject({ devices: [] });
  expect(await oauthError(await poll(waiting))).toEqual([400, "invalid_grant"]);
  expect((await appWith(alice, tokens).get("/notes/")).status).toBe(200);
});

it("The daily round forgets codes, refresh tokens, sessions and grants that have expired", async () => {
  const alice = await createUser();
  const forever = await connectApp(alice);
  await tokensOf(alice, "notes:rw", { duration: "month" });
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
