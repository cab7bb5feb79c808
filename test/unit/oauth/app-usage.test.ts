/** App usage: writes are rare, and no count is lost or added twice. */

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { startMeter } from "../../../bench/cost/meter";
import { addUsage } from "../../../src/oauth/db/app-usage";
import { MINUTE_MS, SECOND_MS } from "../../support/clock";
import { connectApp, createUser } from "../../support/provider";
import { accountId, grantRows } from "../../support/rows";

type AppUsageModule = typeof import("../../../src/oauth/app-usage");

const HOUR = 60 * MINUTE_MS;
const DAY = 24 * HOUR;
/** Noon of a day. */
const NOON = 20_000 * DAY + 12 * HOUR;

let claims: { account: string; grant: string };
beforeEach(async () => {
  const user = await createUser();
  await connectApp(user);
  const [grant] = await grantRows(user.name);
  claims = { account: await accountId(user.name), grant: grant?.id ?? "" };
});

/** An isolate that has just started and has no counts. */
async function freshIsolate() {
  vi.resetModules();
  const { recordUse, listAppUsage }: AppUsageModule = await import("../../../src/oauth/app-usage");
  let writes: Promise<unknown>[] = [];
  const ctx = { waitUntil: (promise: Promise<unknown>) => void writes.push(promise) };
  return {
    listAppUsage,
    /** Records requests, waits for the writes, and returns the number of writes. */
    async record(now: number, requests = 1, bytes = 1): Promise<number> {
      writes = [];
      for (let i = 0; i < requests; i++) recordUse(env, ctx, claims, bytes, now);
      await Promise.all(writes);
      return writes.length;
    },
  };
}

async function rows(): Promise<unknown[]> {
  const { results } = await env.DB.prepare(
    "SELECT day, requests, bytes FROM app_use WHERE account = ? ORDER BY day",
  )
    .bind(claims.account)
    .all();
  return results;
}

const total = async (isolate: Awaited<ReturnType<typeof freshIsolate>>, now: number) =>
  (await isolate.listAppUsage(env.DB, claims.account, now, [claims.grant])).reduce(
    (sum, { requests }) => sum + requests,
    0,
  );

describe("The usage of an app", () => {
  it("costs one write for a thousand requests in an hour, and one more in the next", async () => {
    const isolate = await freshIsolate();
    const meter = startMeter(env as never);
    for (let i = 0; i < 1000; i++) await isolate.record(NOON + i * 3 * SECOND_MS, 1, 10);
    const { trips, rowsWritten } = meter.counts;
    expect({ trips, rowsWritten }).toEqual({ trips: 1, rowsWritten: 1 });
    await isolate.record(NOON + HOUR, 1, 10);
    for (let i = 1; i < 100; i++) await isolate.record(NOON + HOUR + i, 1, 10);
    meter.stop();
    expect(meter.counts).toMatchObject({ trips: 2, rowsWritten: 2 });
    expect(await rows()).toEqual([{ day: 20_000, requests: 1001, bytes: 10_010 }]);
    expect(await total(isolate, NOON + HOUR + 100)).toBe(1100);
  });

  it("is written once an hour by all isolates together, and none loses its counts", async () => {
    const [one, two] = [await freshIsolate(), await freshIsolate()];
    await one.record(NOON);
    expect(await two.record(NOON + 10 * MINUTE_MS, 5)).toBe(1);
    expect(await rows(), "another isolate was first").toEqual([
      { day: 20_000, requests: 1, bytes: 1 },
    ]);
    expect(await total(two, NOON + 10 * MINUTE_MS)).toBe(6);
    expect(await two.record(NOON + 59 * MINUTE_MS), "no write before the hour is over").toBe(0);
    await two.record(NOON + HOUR);
    expect(await rows()).toEqual([{ day: 20_000, requests: 8, bytes: 8 }]);
  });

  it("is counted for the right day, across midnight", async () => {
    const isolate = await freshIsolate();
    const late = NOON + 12 * HOUR - 30 * MINUTE_MS;
    await isolate.record(late);
    await isolate.record(late + 10 * MINUTE_MS, 3);
    await isolate.record(late + HOUR, 2);
    expect(await rows()).toEqual([
      { day: 20_000, requests: 4, bytes: 4 },
      { day: 20_001, requests: 1, bytes: 1 },
    ]);
    expect(await total(isolate, late + HOUR)).toBe(6);
  });

  it("is written once if the response to the write is lost", async () => {
    const days = [{ day: 20_000, requests: 7, bytes: 70 }];
    const time = { today: 20_000, now: NOON, minIntervalMs: HOUR };
    expect(await addUsage(env.DB, claims, days, time)).toBe(NOON);
    expect(await addUsage(env.DB, claims, days, time)).toBe(NOON);
    expect(await rows()).toEqual([{ day: 20_000, requests: 7, bytes: 70 }]);
  });

  it("stays counted if a write fails, and is written later", async () => {
    const isolate = await freshIsolate();
    const batch = vi.spyOn(env.DB, "batch").mockRejectedValue(new Error("D1_ERROR: no such table"));
    await isolate.record(NOON, 3);
    await isolate.record(NOON + MINUTE_MS);
    expect(batch, "no immediate retry").toHaveBeenCalledTimes(1);
    batch.mockRestore();
    expect(await rows()).toEqual([]);
    await isolate.record(NOON + 5 * MINUTE_MS);
    expect(await rows()).toEqual([{ day: 20_000, requests: 5, bytes: 5 }]);
  });

  it("is not written for a revoked grant", async () => {
    const isolate = await freshIsolate();
    await env.DB.prepare("DELETE FROM grants WHERE account = ?").bind(claims.account).run();
    await isolate.record(NOON, 3);
    expect(await rows()).toEqual([]);
  });

  it("is counted for a limited number of grants, and the oldest counter is dropped first", async () => {
    vi.resetModules();
    const { recordUse, listAppUsage }: AppUsageModule = await import(
      "../../../src/oauth/app-usage"
    );
    // Another isolate has always just written.
    const statement = { bind: () => statement, all: async () => ({ results: [] }) };
    const batch = async () => [null, { results: [{ lastAt: NOON - 1 }] }];
    const busy = { DB: { prepare: () => statement, batch } as never };
    const writes: Promise<unknown>[] = [];
    const ctx = { waitUntil: (promise: Promise<unknown>) => void writes.push(promise) };
    const grants = Array.from({ length: 10_010 }, (_, i) => `grant ${i}`);
    for (const grant of grants) recordUse(busy, ctx, { account: "a", grant }, 1, NOON);
    await Promise.all(writes);
    const counted = await listAppUsage(busy.DB, "a", NOON, grants);
    expect(counted).toHaveLength(10_000);
    expect(counted[0]?.grant).toBe("grant 10");
  });

  it("is still written after the clock was set back", async () => {
    const isolate = await freshIsolate();
    await isolate.record(NOON + 10 * DAY);
    expect(await isolate.record(NOON)).toBe(1);
  });
});
