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

/** Runs the daily job, as if `delayMs` from now. */
export const runDailyJob = (delayMs: number): Promise<void> =>
  worker.scheduled({ scheduledTime: Date.now() + delayMs } as ScheduledController, env);
