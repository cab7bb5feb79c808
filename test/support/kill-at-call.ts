/** Kills a user's object at one of the calls that its alarm makes. */

import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { withDeadline } from "./deadline";
import { interceptCalls } from "./fault-injection";
import type { TestApp } from "./provider";

/**
 * Runs the alarm of the user's object, and kills the object at one of its calls, which `takesEffect` or not.
 * Returns whether it came so far.
 */
export async function killAtCall(
  { user }: TestApp,
  at: number,
  takesEffect: boolean,
): Promise<boolean> {
  const object = env.USERS.getByName(user);
  let kill = () => {};
  await runInDurableObject(object, (_, state) => {
    kill = () => state.abort("The object was killed.");
  });
  let calls = 0;
  const restore = interceptCalls(async (_binding, _method, makeCall) => {
    if (calls++ < at) return makeCall();
    if (takesEffect && calls === at + 1) await makeCall();
    kill();
    return new Promise(() => {});
  });
  try {
    const alarm = runDurableObjectAlarm(object).catch(() => {});
    await withDeadline(`An alarm that is killed at call ${at}`, alarm);
  } finally {
    restore();
  }
  return calls > at;
}
