/** Lets time pass for the Worker without waiting. */

import { env } from "cloudflare:workers";
import { onTestFinished, vi } from "vitest";
import worker from "../../src/index";

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** Moves the Worker's clock on by this much. It stands still from now to the end of the test. */
export function advanceClock(milliseconds: number): void {
  const then = Date.now() + milliseconds;
  vi.useFakeTimers({ toFake: ["Date"], now: then });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

/** Stops the clock, so that a slow machine changes nothing about delays of seconds. */
export const freezeClock = (): void => advanceClock(0);

/** What the Worker does once a day, so many milliseconds from now. */
export const runDailyJob = (after: number): Promise<void> =>
  worker.scheduled({ scheduledTime: Date.now() + after } as ScheduledController, env);
