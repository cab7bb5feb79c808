/** Request counts: adding up, bounds and the roll-up of old days. */

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { dayNumber } from "../../../src/core/time";
import {
  countRequest,
  flushTraffic,
  flushTrafficIfDue,
  loadTraffic,
  loadTrafficTotals,
  rollUpOldTraffic,
} from "../../../src/monitoring/traffic";

const DAY = 86_400_000;
const NOW = 20_000 * DAY;

const countOne = (route: string, status: number, now = NOW) =>
  countRequest({ route, status, milliseconds: 5, bytes: 100 }, now);

beforeEach(async () => {
  await flushTraffic(env.DB);
  await env.DB.exec("DELETE FROM traffic");
});

describe("Request counts", () => {
  it("are added up by day, route and status class, over several writes", async () => {
    for (const status of [200, 204, 304, 404, 503]) countOne("/a", status);
    await flushTraffic(env.DB);
    for (const status of [200, 404]) countOne("/a", status);
    countOne("/b", 200, NOW + DAY);
    await flushTraffic(env.DB);
    expect(await loadTrafficTotals(env.DB)).toEqual([
      { route: "/a", status: 2, requests: 3, bytes: 300, milliseconds: 15 },
      { route: "/a", status: 3, requests: 1, bytes: 100, milliseconds: 5 },
      { route: "/a", status: 4, requests: 2, bytes: 200, milliseconds: 10 },
      { route: "/a", status: 5, requests: 1, bytes: 100, milliseconds: 5 },
      { route: "/b", status: 2, requests: 1, bytes: 100, milliseconds: 5 },
    ]);
    expect(await loadTraffic(env.DB, 20_000)).toEqual([
      { day: 20_000, requests: 7, errors: 1 },
      { day: 20_001, requests: 1, errors: 0 },
    ]);
    expect(await loadTraffic(env.DB, 20_001)).toHaveLength(1);
  });

  it("are due after a minute, or if the clock was set back", async () => {
    expect(flushTrafficIfDue(env.DB, NOW)).toBeNull();
    countOne("/a", 200);
    expect(flushTrafficIfDue(env.DB, NOW + 59_999)).toBeNull();
    await flushTrafficIfDue(env.DB, NOW + 60_000);
    expect(await loadTrafficTotals(env.DB)).toHaveLength(1);
    expect(flushTrafficIfDue(env.DB, NOW + 120_000)).toBeNull();
    countOne("/a", 200);
    expect(flushTrafficIfDue(env.DB, NOW - DAY)).not.toBeNull();
  });

  it("have a bounded number of counters", async () => {
    for (let i = 0; i < 5000; i++) countOne(`/${i}`, 200);
    await flushTraffic(env.DB);
    expect(await loadTrafficTotals(env.DB)).toHaveLength(1000);
  });

  it("are rolled up after 31 days, idempotently", async () => {
    countOne("/a", 200, NOW - 32 * DAY);
    countOne("/a", 200, NOW - 33 * DAY);
    countOne("/a", 200, NOW - 31 * DAY);
    countOne("/a", 200, NOW);
    await flushTraffic(env.DB);
    const totals = await loadTrafficTotals(env.DB);
    for (let i = 0; i < 3; i++) await env.DB.batch(rollUpOldTraffic(env.DB, NOW));
    expect(await loadTrafficTotals(env.DB)).toEqual(totals);
    expect(await loadTraffic(env.DB, 0)).toEqual([
      { day: 0, requests: 2, errors: 0 },
      { day: dayNumber(NOW) - 31, requests: 1, errors: 0 },
      { day: dayNumber(NOW), requests: 1, errors: 0 },
    ]);
  });
});
