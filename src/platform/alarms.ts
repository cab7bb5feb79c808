/** Schedules the alarm of a Durable Object, which has one alarm for all its tasks. */

/**
 * Moves the object's alarm forward to `at` (milliseconds since 1970); an earlier alarm stays. Setting
 * an alarm is billed as a row written, so it is not set again without need.
 */
export async function scheduleAlarm(storage: DurableObjectStorage, at: number): Promise<void> {
  const next = await storage.getAlarm();
  if (next === null || at < next) await storage.setAlarm(at);
}
