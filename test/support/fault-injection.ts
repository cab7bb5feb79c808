/** Cuts a request at each call that it makes, in every way, and holds the answers to the truth. */

import { expect } from "vitest";
import { type Cut, type Cutting, cutting } from "./faults";

/** Every way in which a call is cut, for tests that try each at each call. */
export const CUTS: (Omit<Cut, "at"> & { title: string })[] = [
  { title: "the connection breaks before it", trouble: "lost" },
  { title: "the storage is reset after it", trouble: "reset", isMade: true },
  { title: "overloaded", trouble: "overloaded" },
  { title: "slow", trouble: "slow" },
  { title: "no answer, and it arrives much later", trouble: "silent", isMade: true },
  { title: "all broken from then on", trouble: "reset", lasts: true },
  { title: "no answers from then on", trouble: "lost", isMade: true, lasts: true },
  { title: "overloaded from then on", trouble: "overloaded", lasts: true },
];

/** Whether another try would go well. */
export const isPassing = ({ trouble, lasts }: Omit<Cut, "at">): boolean =>
  !lasts && (trouble === "lost" || trouble === "reset" || trouble === "slow");

/** Something that is asked of the provider, on data of its own. */
export interface Act {
  /** Can be repeated. */
  send(): Promise<Response>;
  /** The status where it goes well. */
  status: number;
  /** What stands of it in the database; not given: nothing is to change. */
  state?(): Promise<unknown>;
  /** The only call that may change something. */
  writes?: string;
  /** The origin of the app that asks, from its page. */
  origin?: string;
  /**
   * Expects that it was done as a whole, and that what the response gives is good for something;
   * null: the response has not arrived.
   */
  expectDone?(response: Response | null, context: string): Promise<void>;
}

/**
 * Cuts a fresh act at each of its calls: it goes well, above all where the fault passes, or it is
 * answered by a 503 and has happened as a whole or not at all. What has not happened can be asked
 * for again.
 */
export async function cutAtEachCall(
  kind: Omit<Cut, "at">,
  ready: () => Promise<Act>,
): Promise<void> {
  const { calls, result } = await cutting(null, (await ready()).send);
  expect(result.status).toBeLessThan(500);
  expect(calls.length).toBeGreaterThan(0);
  for (const [at, call] of calls.entries()) {
    const act = await ready();
    const context = `${call}, number ${at}`;
    const before = await act.state?.();
    const seen = await cutting({ ...kind, at }, act.send);
    expect(isPassing(kind) ? [act.status] : [act.status, 503], context).toContain(
      seen.result.status,
    );
    expectBounds(seen, calls, context);
    const readableBy = seen.result.headers.get("access-control-allow-origin");
    expect(readableBy, context).toBe(act.origin ?? null);
    const response =
      seen.result.status === 503 ? await askAgain(act, seen, before, call) : seen.result;
    await seen.arrive();
    await act.expectDone?.(response, context);
  }
}

/** Null if it was done all the same, although nobody could tell. */
async function askAgain(
  act: Act,
  { result }: Cutting<Response>,
  before: unknown,
  call: string,
): Promise<Response | null> {
  expectRetryAfter(result, call);
  const after = await act.state?.();
  const isUnchanged = JSON.stringify(after) === JSON.stringify(before);
  if (call !== act.writes) expect(after, `${call} changes nothing`).toEqual(before);
  if (!isUnchanged) return null;
  const response = await act.send();
  expect(response.status, `${call}, when asked again`).toBe(act.status);
  return response;
}

/** A 503 says when to come back. */
export function expectRetryAfter(response: Response, context: string): void {
  expect(response.headers.get("retry-after"), context).toMatch(/^[1-9]\d*$/);
}

/** Tries and pauses have a bound, and so has the time that a client waits. */
export function expectBounds(
  { calls, pauses }: Cutting<Response>,
  untouched: string[],
  context: string,
): void {
  expect(calls.length, context).toBeLessThanOrEqual(untouched.length + 8);
  expect(
    pauses.reduce((sum, pause) => sum + pause, 0),
    context,
  ).toBeLessThan(2000);
}
