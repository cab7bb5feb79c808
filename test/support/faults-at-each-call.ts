/** Injects every kind of fault at each call that a request makes, and checks each response. */

import { expect, it } from "vitest";
import { DistinctFaults } from "./distinct-faults";
import { type Fault, type FaultyRun, withFault } from "./fault-injection";

/** Every kind of fault, for tests that inject each at each call. */
export const FAULTS: (Omit<Fault, "at"> & { title: string })[] = [
  { title: "the connection breaks before it", kind: "lost" },
  { title: "the storage is reset after it", kind: "reset", takesEffect: true },
  { title: "overloaded", kind: "overloaded" },
  { title: "slow", kind: "slow" },
  { title: "no answer, and it arrives much later", kind: "silent", takesEffect: true },
  { title: "all fail from then on", kind: "reset", isPermanent: true },
  { title: "no answers from then on", kind: "lost", takesEffect: true, isPermanent: true },
  { title: "overloaded from then on", kind: "overloaded", isPermanent: true },
];

/** Whether a retry would succeed. */
export const isTransientFault = ({ kind, isPermanent }: Omit<Fault, "at">): boolean =>
  !isPermanent && (kind === "lost" || kind === "reset" || kind === "slow");

/** A request to the provider, on data of its own. */
export interface FaultCase {
  /** Can be called again. */
  send(): Promise<Response>;
  /** The status of the response without a fault. */
  status: number;
  /** What the request may change in the database; not given: it must change nothing. */
  loadState?(): Promise<unknown>;
  /** The only call that may change something. */
  writes?: string;
  /** The origin of the page that sends the request, if it is an app's. */
  origin?: string;
  /**
   * Expects that the request was carried out completely, and that what the response gives is valid;
   * null: the response was lost.
   */
  expectDone?(response: Response | null, context: string): Promise<void>;
}

/** Prepares a request, each time with fresh data. */
export type Prepare = () => Promise<FaultCase>;

/**
 * Declares a test for each kind of fault, which injects it at each of the calls that a request makes, except where an
 * earlier one was the same. The request succeeds, always if the fault is transient; or its response is a 503 and it was
 * carried out completely or not at all. If it was not carried out, it can be repeated. `share` makes what all
 * requests of a test have in common.
 */
export function testEachFault(share: () => Promise<Prepare>, faults = FAULTS): void {
  const distinct = new DistinctFaults();
  it.each(faults)("with a fault at each call: $title", async (kind) => {
    const prepare = await share();
    if (distinct.calls.length === 0) distinct.record(null, await runWithoutFault(await prepare()));
    for (const [at] of distinct.callsToBreak(kind)) {
      const fault = { ...kind, at };
      distinct.record(fault, await injectFault(fault, distinct.callNames, await prepare()));
    }
  });
}

async function runWithoutFault({ send, status }: FaultCase): Promise<FaultyRun<Response>> {
  const run = await withFault(null, send);
  expect(run.result.status).toBe(status);
  expect(run.calls.length).toBeGreaterThan(0);
  return run;
}

async function injectFault(
  fault: Fault,
  calls: string[],
  faultCase: FaultCase,
): Promise<FaultyRun<Response>> {
  const call = calls[fault.at] as string;
  const context = `${call}, number ${fault.at}`;
  const isTransient = isTransientFault(fault);
  const before = isTransient ? null : await faultCase.loadState?.();
  const run = await withFault(fault, faultCase.send);
  expect(run.calls[fault.at], `${context} is made`).toBe(call);
  const { status, headers } = run.result;
  expect(isTransient ? [faultCase.status] : [faultCase.status, 503], context).toContain(status);
  expectBoundedRetries(run, calls, context);
  expect(headers.get("access-control-allow-origin"), context).toBe(faultCase.origin ?? null);
  const response =
    status === 503 ? await retryAfterFault(faultCase, run, before, call) : run.result;
  await run.deliverLate();
  await faultCase.expectDone?.(response, context);
  return run;
}

/** Repeats a request after a 503. Returns null if it was carried out in spite of it. */
async function retryAfterFault(
  faultCase: FaultCase,
  { result }: FaultyRun<Response>,
  before: unknown,
  call: string,
): Promise<Response | null> {
  expectRetryAfter(result, call);
  const after = await faultCase.loadState?.();
  const isUnchanged = JSON.stringify(after) === JSON.stringify(before);
  if (call !== faultCase.writes) expect(after, `${call} changes nothing`).toEqual(before);
  if (!isUnchanged) return null;
  const response = await faultCase.send();
  expect(response.status, `${call}, repeated`).toBe(faultCase.status);
  return response;
}

/** Expects that a 503 says when to try again. */
export function expectRetryAfter(response: Response, context: string): void {
  expect(response.headers.get("retry-after"), context).toMatch(/^[1-9]\d*$/);
}

/** Expects that retries, their pauses, and so the time that a client waits are bounded. */
export function expectBoundedRetries(
  { calls, pauses }: FaultyRun<Response>,
  callsWithoutFault: string[],
  context: string,
): void {
  expect(calls.length, `${context}: ${calls}`).toBeLessThanOrEqual(callsWithoutFault.length + 8);
  expect(
    pauses.reduce((sum, pause) => sum + pause, 0),
    context,
  ).toBeLessThan(2000);
}
