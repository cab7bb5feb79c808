/** Timers that are set as without Vitest. */

declare global {
  /** The `setTimeout` of Vitest's pool. */
  var poolTimeout: typeof setTimeout | undefined;
}

const platform = Object.getPrototypeOf(globalThis) as typeof globalThis;

/**
 * Sets timers that have a delay without the pool, which does nothing with them but first looks at the stack for who
 * sets one. Each call of the Worker to D1 and R2 has a timer, and looking takes a tenth of a test's time.
 */
export function setTimersDirectly(): void {
  globalThis.poolTimeout ??= globalThis.setTimeout;
  const { poolTimeout } = globalThis;
  globalThis.setTimeout = ((...timer: Parameters<typeof setTimeout>) =>
    (timer[1] ?? 0) > 0
      ? platform.setTimeout.apply(globalThis, timer)
      : poolTimeout(...timer)) as typeof setTimeout;
}
