/** Counting what apps use: how little is written, and that nothing is lost or counted twice. */

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { startMeter } from "../../../bench/cost/meter";
import { addUsage } from "../../../src/oauth/db/app-usage";
import { MINUTE_MS, SECOND_MS } from "../../support/clock";
import { connectApp, createUser } from "../../support/provider";
import { accountId, grantRows } from "../../support/rows";

type Use = typeof import("../../../src/oauth/app-usage");

const HOUR = 60 * MINUTE_MS;
const DAY = 24 * HOUR;
/** Noon of a day. */
const NOON = 20_000 * DAY + 12 * HOUR;

let claims: { account: string; grant: string };
beforeEach(async () => {
  const person = await createUser();
  await connectApp(person);
  const [grant] = await grantRows(person.name);
  claims = { account: await accountId(person.name), grant: grant?.id ?? "" };
});

/** An isolate that has just started: it has counted nothing yet. */
async function freshIsolate() {
  vi.resetModules();
  const { recordUse: noteUse, listAppUsage: listUse }: Use = await import(
    "../../../src/oauth/app-usage"
  );
  let writes: Promise<unknown>[] = [];
  const ctx = { waitUntil: (promise: Promise<unknown>) => void writes.push(promise) };
  return {
    listUse,
    /** Notes requests at a time, and waits until what is written is there. Returns how many writes. */
    async note(now: number, requests = 1, bytes = 1): Promise<number> {
      writes = [];
      for (let i = 0; i < requests; i++) noteUse(env, ctx, claims, bytes, now);
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
  (await isolate.listUse(env.DB, claims.account, now)).reduce(
    (sum, { requests }) => sum + requests,
    0,
  );

describe("The use of an app", () => {
  it("costs one write for a thousand requests in an hour, and one more in the next", async () => {
    const isolate = await freshIsolate();
    const meter = startMeter(env as never);
    for (let i = 0; i < 1000; i++) await isolate.note(NOON + i * 3 * SECOND_MS, 1, 10);
    const { trips, rowsWritten } = meter.counts;
    expect({ trips, rowsWritten }).toEqual({ trips: 1, rowsWritten: 1 });
    await isolate.note(NOON + HOUR, 1, 10);
    for (let i = 1; i < 100; i++) await isolate.note(NOON + HOUR + i, 1, 10);
    meter.stop();
    expect(meter.counts).toMatchObject({ trips: 2, rowsWritten: 2 });
    expect(await rows()).toEqual([{ day: 20_000, requests: 1001, bytes: 10_010 }]);
    expect(await total(isolate, NOON + HOUR + 100)).toBe(1100);
  });

  it("is written once an hour by all isolates together, and none loses what it counted", async () => {
    const [one, two] = [await freshIsolate(), await freshIsolate()];
    await one.note(NOON);
    expect(await two.note(NOON + 10 * MINUTE_MS, 5)).toBe(1);
    expect(await rows(), "somebody else was first").toEqual([
      { day: 20_000, requests: 1, bytes: 1 },
    ]);
    expect(await total(two, NOON + 10 * MINUTE_MS)).toBe(6);
    expect(await two.note(NOON + 59 * MINUTE_MS), "does not ask before the hour is over").toBe(0);
    await two.note(NOON + HOUR);
    expect(await rows()).toEqual([{ day: 20_000, requests: 8, bytes: 8 }]);
  });

  it("counts for the day on which it was, across midnight", async () => {
    const isolate = await freshIsolate();
    const late = NOON + 12 * HOUR - 30 * MINUTE_MS;
    await isolate.note(late);
    await isolate.note(late + 10 * MINUTE_MS, 3);
    await isolate.note(late + HOUR, 2);
    expect(await rows()).toEqual([
      { day: 20_000, requests: 4, bytes: 4 },
      { day: 20_001, requests: 1, bytes: 1 },
    ]);
    expect(await total(isolate, late + HOUR)).toBe(6);
  });

  it("is written once where the answer to the write got lost", async () => {
    const days = [{ day: 20_000, requests: 7, bytes: 70 }];
    const time = { today: 20_000, now: NOON, pauseMs: HOUR };
    expect(await addUsage(env.DB, claims, days, time)).toBe(NOON);
    expect(await addUsage(env.DB, claims, days, time)).toBe(NOON);
    expect(await rows()).toEqual([{ day: 20_000, requests: 7, bytes: 70 }]);
  });

  it("stays counted where it could not be written, and is written later", async () => {
    const isolate = await freshIsolate();
    const batch = vi.spyOn(env.DB, "batch").mockRejectedValue(new Error("D1_ERROR: no such table"));
    await isolate.note(NOON, 3);
    await isolate.note(NOON + MINUTE_MS);
    expect(batch, "not at once again").toHaveBeenCalledTimes(1);
    batch.mockRestore();
    expect(await rows()).toEqual([]);
    await isolate.note(NOON + 5 * MINUTE_MS);
    expect(await rows()).toEqual([{ day: 20_000, requests: 5, bytes: 5 }]);
  });

  it("of a grant that is gone is not written", async () => {
    const isolate = await freshIsolate();
    await env.DB.prepare("DELETE FROM grants WHERE account = ?").bind(claims.account).run();
    await isolate.note(NOON, 3);
    expect(await rows()).toEqual([]);
  });

  it("is counted for so many apps at a time, and those that were counted for longest go first", async () => {
    vi.resetModules();
    const { recordUse: noteUse, listAppUsage: listUse }: Use = await import(
      "../../../src/oauth/app-usage"
    );
    // Where somebody else has always just written.
    const statement = { bind: () => statement, all: async () => ({ results: [] }) };
    const batch = async () => [null, { results: [{ lastAt: NOON - 1 }] }];
    const busy = { DB: { prepare: () => statement, batch } as never };
    const writes: Promise<unknown>[] = [];
    const ctx = { waitUntil: (promise: Promise<unknown>) => void writes.push(promise) };
    for (let i = 0; i < 10_010; i++) {
      noteUse(busy, ctx, { account: "a", grant: `grant ${i}` }, 1, NOON);
    }
    await Promise.all(writes);
    const counted = await listUse(busy.DB, "a", NOON);
    expect(counted).toHaveLength(10_000);
    expect(counted[0]?.grant).toBe("grant 10");
  });

  it("goes on after the clock was set back", async () => {
    const isolate = await freshIsolate();
    await isolate.note(NOON + 10 * DAY);
    expect(await isolate.note(NOON)).toBe(1);
  });
});
