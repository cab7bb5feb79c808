/** What the calls to the real platform are assumed to take. */

/** Milliseconds; the jitter is a fraction. */
export const LATENCIES = { d1: 25, r2Get: 40, r2Put: 60, object: 15, jitter: 0.2 };
