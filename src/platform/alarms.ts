/** Schedules the alarm of a Durable Object, which has one alarm for all its tasks. */

/** The objects whose alarm is running, and the earliest time for which they were asked to set it meanwhile. */
const running = new WeakMap<DurableObjectStorage, number>();

/**
 * Moves the object's alarm forward to `at` (milliseconds since 1970); an earlier alarm stays. Setting
 * an alarm is billed as a row written, so it is not set again without need. While the alarm runs, it is set at
 * the end: `runAlarm`.
 */
export async function scheduleAlarm(storage: DurableObjectStorage, at: number): Promise<void> {
  const asked = running.get(storage);
  if (asked !== undefined) {
    running.set(storage, Math.min(asked, at));
    return;
  }
  const next = await storage.getAlarm();
  if (next === null || at < next) await storage.setAlarm(at);
}

/**
 * Does what is due when the alarm runs. `work` returns when it is to run again; null: there is nothing to do. Only then
 * the alarm is set, for that time or an earlier one that `scheduleAlarm` was asked for. An object that dies before gets the
 * same alarm again; one that had set it for tomorrow would leave until then what it was doing. Returns for when it was
 * set; null: it was not.
 */
export async function runAlarm(
  storage: DurableObjectStorage,
  work: () => Promise<number | null>,
): Promise<number | null> {
  running.set(storage, Number.POSITIVE_INFINITY);
  let next: number;
  try {
    const again = await work();
    next = Math.min(again ?? Number.POSITIVE_INFINITY, running.get(storage) as number);
  } finally {
    running.delete(storage);
  }
  if (next === Number.POSITIVE_INFINITY) return null;
  await scheduleAlarm(storage, next);
  return next;
}
