/** Retries and timeouts of calls to the platform. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isTransient, MAX_ATTEMPTS, withCallTimeout, withRetry } from "../../../src/platform/retry";

const LOST = "Network connection lost.";

let delays: number[];

beforeEach(() => {
  delays = [];
  vi.spyOn(scheduler, "wait").mockImplementation(async (milliseconds) => {
    delays.push(milliseconds);
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A call that fails this often and then succeeds. It counts its attempts. */
function createFailingCall(times: number, error: unknown = new Error(LOST)) {
  const call = async () => {
    call.attempts++;
    if (call.attempts <= times) throw error;
    return "answer";
  };
  call.attempts = 0;
  return call;
}

describe("A transient error", () => {
  it.each([
    "D1_ERROR: Network connection lost.",
    "D1_ERROR: D1 DB is overloaded. Requests queued for too long.",
    "D1_ERROR: D1 DB is overloaded. Too many requests queued.",
    "D1_ERROR: Internal error in D1 DB storage caused object to be reset.",
    "D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.",
    "D1_ERROR: D1 DB reset because its code was updated.",
    "D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.",
    "D1_ERROR: Cannot resolve D1 DB due to transient issue on remote node.",
    "put: We encountered an internal error. Please try again. (10001)",
    "get: Service unavailable (10043)",
    "put: Reduce your concurrent request rate for the same object. (10058)",
    "Durable Object reset because its code was updated.",
    "Durable Object is overloaded. Too many requests queued.",
  ])("%s", (message) => {
    expect(isTransient(new Error(message))).toBe(true);
  });

  it.each([{ retryable: true }, { overloaded: true }])("an error with %j", (flags) => {
    expect(isTransient(Object.assign(new Error("?"), flags))).toBe(true);
  });
});

describe("A permanent error", () => {
  it.each([
    new Error("D1_ERROR: no such table: nodes: SQLITE_ERROR"),
    new Error("D1_ERROR: UNIQUE constraint failed: grants.id: SQLITE_CONSTRAINT"),
    new Error("put: Unauthorized (10002)"),
    new TypeError("Cannot read properties of undefined"),
    Object.assign(new Error("?"), { retryable: false, overloaded: false }),
    null,
    undefined,
  ])("%s", (error) => {
    expect(isTransient(error)).toBe(false);
  });

  it("is not retried", async () => {
    const call = createFailingCall(1, new Error("D1_ERROR: no such table: nodes: SQLITE_ERROR"));
    await expect(withRetry(call)).rejects.toThrow("no such table");
    expect(call.attempts).toBe(1);
  });
});

describe("withRetry", () => {
  it("makes a successful call once", async () => {
    const call = createFailingCall(0);
    expect(await withRetry(call)).toBe("answer");
    expect(call.attempts).toBe(1);
    expect(delays).toEqual([]);
  });

  it("retries after a transient error", async () => {
    const call = createFailingCall(1);
    expect(await withRetry(call)).toBe("answer");
    expect(call.attempts).toBe(2);
    expect(delays).toHaveLength(1);
  });

  it("rejects with the last error after MAX_ATTEMPTS", async () => {
    const call = createFailingCall(Number.POSITIVE_INFINITY);
    await expect(withRetry(call)).rejects.toThrow(LOST);
    expect(call.attempts).toBe(MAX_ATTEMPTS);
    expect(delays).toHaveLength(MAX_ATTEMPTS - 1);
  });

  it.each([
    new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."),
    Object.assign(new Error("?"), { overloaded: true, retryable: true }),
  ])("does not retry an overload: %s", async (error) => {
    const call = createFailingCall(1, error);
    await expect(withRetry(call)).rejects.toBe(error);
    expect(call.attempts).toBe(1);
  });

  it("waits with exponential backoff and jitter, less than a second in all", async () => {
    const all: number[][] = [];
    for (let i = 0; i < 30; i++) {
      delays = [];
      await withRetry(createFailingCall(MAX_ATTEMPTS - 1));
      all.push(delays);
    }
    const [firsts, seconds] = [
      all.map(([first]) => first ?? 0),
      all.map(([, second]) => second ?? 0),
    ];
    expect(new Set(firsts).size).toBeGreaterThan(20);
    expect(new Set(seconds).size).toBeGreaterThan(20);
    for (const [range, least] of [
      [firsts, 50],
      [seconds, 100],
    ] as const) {
      expect(Math.min(...range)).toBeGreaterThanOrEqual(least);
      expect(Math.max(...range)).toBeLessThan(3 * least);
    }
    for (const own of all) expect(own.reduce((sum, delay) => sum + delay)).toBeLessThan(1000);
  });
});

describe("A call that is not answered", () => {
  const SECOND_MS = 1000;

  it("fails after ten seconds with a transient error", async () => {
    const answer = withCallTimeout(new Promise(() => {})).catch((error) => error);
    await vi.advanceTimersByTimeAsync(9 * SECOND_MS);
    expect(await Promise.race([answer, "still waiting"])).toBe("still waiting");
    await vi.advanceTimersByTimeAsync(SECOND_MS);
    expect(isTransient(await answer)).toBe(true);
  });

  it("is not retried: the first attempt may still succeed", async () => {
    let attempts = 0;
    const answer = withRetry(() => {
      attempts++;
      return new Promise(() => {});
    }).catch((error) => error);
    await vi.advanceTimersByTimeAsync(60 * SECOND_MS);
    expect(await answer).toBeInstanceOf(Error);
    expect(attempts).toBe(1);
  });

  it("leaves no timer after an answer", async () => {
    expect(await withCallTimeout(Promise.resolve("answer"))).toBe("answer");
    await expect(withCallTimeout(Promise.reject(new Error(LOST)))).rejects.toThrow(LOST);
    expect(vi.getTimerCount()).toBe(0);
  });
});
