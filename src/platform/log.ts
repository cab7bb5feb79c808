/**
 * The operator's log: one line of JSON per entry. It never has a token, a query string, a path, or the
 * name of a user or a document.
 */

import { currentRequestId } from "./request-context";

/** A request that was answered, without anything that identifies a user. */
export interface RequestLogEntry {
  id: string;
  method: string;
  /** The route pattern that matched, never the path. */
  route: string;
  status: number;
  milliseconds: number;
  /** Calls to D1, R2 and Durable Objects. */
  calls: number;
  /** Bytes of the bodies in both directions that have a Content-Length. */
  bytes: number;
}

/** Logs a request that was answered. */
export const logRequest = (entry: RequestLogEntry): void => console.log(JSON.stringify(entry));

/** Logs an unexpected error with its stack. Returns the request's id, which is in the log line too. */
export function logError(request: Request, error: unknown): string {
  const id = currentRequestId();
  const area = URL.parse(request.url)?.pathname.split("/", 2).join("/");
  console.error(JSON.stringify({ id, method: request.method, area, error: describeError(error) }));
  return id;
}

/** Logs an error that was handled; `what` is a sentence about its effect. */
export function logWarning(what: string, error: unknown): void {
  console.warn(JSON.stringify({ what, error: describeError(error) }));
}

const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? String(error)) : String(error);
