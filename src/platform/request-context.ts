/** The context of the current request: its id, and how many platform calls it made. */

import { AsyncLocalStorage } from "node:async_hooks";
import { randomId } from "../core/secrets";

/** The context of one request. */
export interface RequestContext {
  /** In its lines of the log, and in the body of a 500; null: nobody has asked for it yet. */
  id: string | null;
  /** Calls to D1, R2 and Durable Objects so far, retries included. */
  calls: number;
}

const contexts = new AsyncLocalStorage<RequestContext>();

/** Runs `work` with this request context. */
export const runWithRequestContext = <T>(context: RequestContext, work: () => T): T =>
  contexts.run(context, work);

/** Counts a call to the platform for the current request. */
export function countPlatformCall(): void {
  const context = contexts.getStore();
  if (context) context.calls++;
}

/** How many calls to the platform the current request or job has made. */
export const callsSoFar = (): number => contexts.getStore()?.calls ?? 0;

/** The id of a request, which it gets when it is asked for. */
export function requestIdOf(context: RequestContext): string {
  context.id ??= randomId();
  return context.id;
}

/** The id of the current request; a new id outside of requests. */
export const currentRequestId = (): string =>
  requestIdOf(contexts.getStore() ?? { id: null, calls: 0 });
