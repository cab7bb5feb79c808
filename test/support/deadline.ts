/** Fails with a message what would otherwise hang. */

const { setTimeout, clearTimeout } = globalThis;

/** Far longer than anything that a test waits for, on a slow machine too. */
const DEADLINE_MS = 60_000;

/** Settles as `promise` does. Rejects if it has not settled by then: `what` does not end. */
export async function withDeadline<T>(
  what: string,
  promise: Promise<T>,
  milliseconds = DEADLINE_MS,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} does not end.`)), milliseconds);
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until nothing is `running`. It looks again and again, because
 * promises of requests and objects that have ended are never settled for others. Rejects if that takes a minute.
 */
export async function waitUntilEmpty(running: Map<unknown, { name: string }>): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (running.size > 0) {
    if (performance.now() > end) {
      const names = [...running.values()].map(({ name }) => name);
      throw new Error(`${names} does not end.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
