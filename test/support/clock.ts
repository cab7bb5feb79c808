/** Lets time pass for the Worker without waiting. */

import { onTestFinished, vi } from "vitest";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;

/** From now to the end of the test the Worker's clock is ahead by this much more. */
export function pass(milliseconds: number): void {
  const then = Date.now() + milliseconds;
  vi.useFakeTimers({ toFake: ["Date"], now: then });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}
