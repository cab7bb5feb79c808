/** Which faults the tests with a fault at each call leave out, because an earlier one was the same. */

import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { withRetry } from "../../src/platform/retry";
import { DistinctFaults } from "../support/distinct-faults";
import { withFault } from "../support/fault-injection";
import { FAULTS } from "../support/faults-at-each-call";

const get = () => withRetry(() => env.DB.prepare("SELECT 1 WHERE ? = 1").bind(1).first());
const list = () => withRetry(() => env.DB.batch([env.DB.prepare("SELECT 1")]));
const touch = () => withRetry(() => env.DB.prepare("DELETE FROM accounts WHERE 0").run());
const store = () =>
  withRetry(() => env.DB.batch([env.DB.prepare("UPDATE accounts SET name = '' WHERE 0")]));
const put = () => withRetry(() => env.BODIES.put("key", "body"));

/** After which calls of an action each kind of fault is injected. */
async function injectedFaults(action: () => Promise<unknown>): Promise<Record<string, number[]>> {
  const distinct = new DistinctFaults();
  distinct.record(null, await withFault(null, action));
  const injected: Record<string, number[]> = {};
  for (const { title, ...kind } of FAULTS) {
    injected[title] = [];
    for (const [at] of distinct.callsToBreak(kind)) {
      const fault = { ...kind, at };
      distinct.record(fault, await withFault(fault, () => action().catch(() => {})));
      injected[title].push(at);
    }
  }
  return injected;
}

it("Each fault at a call that writes; no effect of a call that reads, and none on calls that are never made", async () => {
  const action = async () => [await get(), await list(), await touch(), await put(), await store()];
  expect(await injectedFaults(action)).toEqual({
    "the connection breaks before it": [0, 1, 2, 3, 4],
    "the storage is reset after it": [2, 3, 4],
    overloaded: [0, 1, 2, 3, 4],
    // None is made at the same time as another. The last call is there for the test to have one.
    slow: [4],
    "no answer, and it arrives much later": [0, 1, 2, 3, 4],
    "all fail from then on": [0, 1, 2, 3, 4],
    "no answers from then on": [2, 3, 4],
    // An overload is not retried, except R2's.
    "overloaded from then on": [3],
  });
});

it("Each fault at calls that an action makes in spite of one that has failed", async () => {
  const action = async () => {
    await get().catch(() => {});
    await store().catch(() => {});
    await list();
  };
  expect(await injectedFaults(action)).toMatchObject({
    "no answers from then on": [0, 1],
    "overloaded from then on": [0, 1],
  });
});

it("Slow ones at calls that are made at the same time as others", async () => {
  const action = async () => {
    await get();
    await Promise.all([get(), put()]);
  };
  expect((await injectedFaults(action)).slow).toEqual([1, 2]);
});
