/** Moves the Worker's clock. */

import { env } from "cloudflare:workers";
import { onTestFinished, vi } from "vitest";
import worker from "./guard/worker";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** Advances the clock, and freezes it until the end of the test. */
export function advanceClock(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + milliseconds });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Freezes the clock, so that a slow machine does not change the outcome. */
export const freezeClock = (): void => advanceClock(0);

/**
 * Lets timers of seconds fire after a tenth of their time, until the end of the test: to wait for one that closes a
 * socket, or for the eviction of an object, which waits for its timers.
 */
export function shortenTimers(): void {
  const original = globalThis.setTimeout;
  const spy = vi
    .spyOn(globalThis, "setTimeout")
    .mockImplementation(((callback: () => void, milliseconds = 0) =>
      original(
        callback,
        milliseconds < SECOND_MS ? milliseconds : milliseconds / 10,
      )) as typeof setTimeout);
  onTestFinished(() => {
    spy.mockRestore();
  });
}

/** Runs the daily job, as if `delayMs` from now. */
export const runDailyJob = (delayMs: number): Promise<void> =>
  worker.scheduled({ scheduledTime: Date.now() + delayMs } as ScheduledController, env);
