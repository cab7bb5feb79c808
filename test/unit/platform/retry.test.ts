/** How long the platform is waited for, and what it is asked again. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isTransient, MAX_ATTEMPTS, withCallTimeout, withRetry } from "../../../src/platform/retry";

const LOST = "Network connection lost.";

let pauses: number[];

beforeEach(() => {
  pauses = [];
  vi.spyOn(scheduler, "wait").mockImplementation(async (milliseconds) => {
    pauses.push(milliseconds);
  });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Something that fails so often and then answers; counts how often it is asked. */
function failing(times: number, error: unknown = new Error(LOST)) {
  const ask = async () => {
    ask.tries++;
    if (ask.tries <= times) throw error;
    return "answer";
  };
  ask.tries = 0;
  return ask;
}

describe("A fault that will pass", () => {
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

describe("A fault that will not pass", () => {
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

  it("is not asked about again", async () => {
    const ask = failing(1, new Error("D1_ERROR: no such table: nodes: SQLITE_ERROR"));
    await expect(withRetry(ask)).rejects.toThrow("no such table");
    expect(ask.tries).toBe(1);
  });
});

describe("Asking patiently", () => {
  it("what goes well is asked once", async () => {
    const ask = failing(0);
    expect(await withRetry(ask)).toBe("answer");
    expect(ask.tries).toBe(1);
    expect(pauses).toEqual([]);
  });

  it("a fault that passes costs a pause", async () => {
    const ask = failing(1);
    expect(await withRetry(ask)).toBe("answer");
    expect(ask.tries).toBe(2);
    expect(pauses).toHaveLength(1);
  });

  it("a fault that lasts is what comes out, after as many tries as there are", async () => {
    const ask = failing(Number.POSITIVE_INFINITY);
    await expect(withRetry(ask)).rejects.toThrow(LOST);
    expect(ask.tries).toBe(MAX_ATTEMPTS);
    expect(pauses).toHaveLength(MAX_ATTEMPTS - 1);
  });

  it.each([
    new Error("D1_ERROR: D1 DB is overloaded. Requests queued for too long."),
    Object.assign(new Error("?"), { overloaded: true, retryable: true }),
  ])("who is overloaded is left alone: %s", async (error) => {
    const ask = failing(1, error);
    await expect(withRetry(ask)).rejects.toBe(error);
    expect(ask.tries).toBe(1);
  });

  it("pauses grow, differ from each other, and stay below a second in all", async () => {
    const all: number[][] = [];
    for (let i = 0; i < 30; i++) {
      pauses = [];
      await withRetry(failing(MAX_ATTEMPTS - 1));
      all.push(pauses);
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
    for (const own of all) expect(own.reduce((sum, pause) => sum + pause)).toBeLessThan(1000);
  });
});

describe("An answer that does not come", () => {
  const SECONDS = 1000;

  it("is given up after ten seconds, with a fault that counts as passing", async () => {
    const answer = withCallTimeout(new Promise(() => {})).catch((error) => error);
    await vi.advanceTimersByTimeAsync(9 * SECONDS);
    expect(await Promise.race([answer, "still waiting"])).toBe("still waiting");
    await vi.advanceTimersByTimeAsync(SECONDS);
    expect(isTransient(await answer)).toBe(true);
  });

  it("is not asked for again: the first may still have its effect", async () => {
    let tries = 0;
    const answer = withRetry(() => {
      tries++;
      return new Promise(() => {});
    }).catch((error) => error);
    await vi.advanceTimersByTimeAsync(60 * SECONDS);
    expect(await answer).toBeInstanceOf(Error);
    expect(tries).toBe(1);
  });

  it("leaves no timer behind when it comes", async () => {
    expect(await withCallTimeout(Promise.resolve("answer"))).toBe("answer");
    await expect(withCallTimeout(Promise.reject(new Error(LOST)))).rejects.toThrow(LOST);
    expect(vi.getTimerCount()).toBe(0);
  });
});
