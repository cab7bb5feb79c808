/** Waits for a condition that messages on sockets bring about. */

/** Waits until the condition holds. Checks it as often as messages may arrive. */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  ms = 60_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${holds}`);
    await scheduler.wait(2);
  }
}
