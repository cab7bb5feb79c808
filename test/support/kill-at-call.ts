/** Kills a user's object at one of the calls that its alarm makes. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { withDeadline } from "./deadline";
import { interceptCalls, type SeenCall } from "./fault-injection";
import type { TestApp } from "./provider";

/**
 * Runs the alarm of the user's object, and kills the object at one of its calls, which `takesEffect` or not.
 * Returns the calls that it made, with that one.
 */
export async function killAtCall(
  { user }: TestApp,
  at: number,
  takesEffect: boolean,
): Promise<SeenCall[]> {
  const object = env.USERS.getByName(user);
  let kill = () => {};
  await runInDurableObject(object, (_, state) => {
    kill = () => state.abort("The object was killed.");
  });
  const calls: SeenCall[] = [];
  const restore = interceptCalls(async (binding, method, makeCall, isRead) => {
    const index = calls.push({ name: `${binding}.${method}`, isRead, isAlone: false }) - 1;
    if (index < at) return makeCall();
    if (takesEffect && index === at) await makeCall();
    kill();
    return new Promise(() => {});
  });
  try {
    const alarm = runDurableObjectAlarm(object).catch(() => {});
    await withDeadline(`An alarm that is killed at call ${at}`, alarm);
  } finally {
    restore();
  }
  return calls;
}
