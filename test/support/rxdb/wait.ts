/** Waits for a condition that messages on sockets bring about. */

/** Waits until the condition holds. Checks it as often as messages may arrive, and less often the longer it waits. */
export async function waitUntil(
  holds: () => boolean | Promise<boolean>,
  ms = 60_000,
): Promise<void> {
  const end = performance.now() + ms;
  for (let pause = 2; !(await holds()); pause = Math.min(1.2 * pause, 20)) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${holds}`);
    await scheduler.wait(pause);
  }
}
