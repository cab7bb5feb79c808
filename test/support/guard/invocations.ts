/** Counts what each invocation of the Worker or of an object asks of the platform. */

import { AsyncLocalStorage } from "node:async_hooks";
import { MAX_CONNECTIONS, MAX_SUBREQUESTS, type Plan, type Violation } from "./limits";

interface Invocation {
  subrequests: number;
  /** Calls that wait for their answers. */
  open: number;
  /** Starts the next calls, which wait for their turn. */
  waiting: (() => void)[];
}

const invocations = new AsyncLocalStorage<Invocation>();

let plan: Plan = "paid";

/** Chooses the plan of all invocations from now on. */
export function setPlan(next: Plan): void {
  plan = next;
}

const violations: string[] = [];
let mostSubrequests = 0;

/** The violations since the last call, even if the Worker went on after them. */
export const takeViolations = (): string[] => violations.splice(0);

/** The most calls that an invocation has made since the last call. */
export function takeMostSubrequests(): number {
  const most = mostSubrequests;
  mostSubrequests = 0;
  return most;
}

/** Runs an event of the Worker or of an object as an invocation of its own. */
export const runInvocation = <T>(event: () => T): T =>
  invocations.run({ subrequests: 0, open: 0, waiting: [] }, event);

/** Refuses what exceeds a limit of the platform. */
export function refuseViolation(violation: Violation): void {
  if (violation === null) return;
  violations.push(violation);
  throw new Error(`The platform would refuse ${violation}.`);
}

/** Makes a call to the platform, as one of the current invocation's. */
export async function makeSubrequest<T>(call: () => T): Promise<Awaited<T>> {
  const invocation = invocations.getStore();
  if (!invocation) return await call();
  mostSubrequests = Math.max(mostSubrequests, ++invocation.subrequests);
  const limit = MAX_SUBREQUESTS[plan];
  refuseViolation(invocation.subrequests > limit ? `more than ${limit} subrequests` : null);
  if (invocation.open === MAX_CONNECTIONS) {
    await new Promise<void>((resolve) => invocation.waiting.push(resolve));
  } else invocation.open++;
  try {
    return await call();
  } finally {
    const next = invocation.waiting.shift();
    if (next) next();
    else invocation.open--;
  }
}
