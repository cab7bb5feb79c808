/** When an object is to be woken: one alarm for all that it has to do later. */

/**
 * Sets the object's alarm to `at` unless it comes earlier by then. Milliseconds since 1970. An
 * alarm is a row that is written, so nothing is done where none is needed.
 */
export async function scheduleAlarm(storage: DurableObjectStorage, at: number): Promise<void> {
  const next = await storage.getAlarm();
  if (next === null || at < next) await storage.setAlarm(at);
}
