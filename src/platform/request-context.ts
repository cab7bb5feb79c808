/** What is known of the request at hand, wherever in the Worker it is worked on. */

import { AsyncLocalStorage } from "node:async_hooks";
import { randomId } from "../core/secrets";

/** A request while it is worked on. */
export interface RequestContext {
  /** By which its lines in the log, and the body of a 500, can be found. */
  id: string;
  /** How often it has asked D1, R2 or an object, tries again included. */
  calls: number;
}

const contexts = new AsyncLocalStorage<RequestContext>();

/** Works on a request with a record of its own. */
export const runWithRequestContext = <T>(context: RequestContext, work: () => T): T =>
  contexts.run(context, work);

/** Counts a call to the platform for whatever request makes it. */
export function countPlatformCall(): void {
  const record = contexts.getStore();
  if (record) record.calls++;
}

/** The id of the request at hand; a fresh one where there is none. */
export const currentRequestId = (): string => contexts.getStore()?.id ?? randomId();
