/**
 * What the operator gets to read, a line of JSON each. Never a token, a query string, a path, or the
 * name of a person or a document.
 */

import { currentRequestId } from "./request-context";

/** A request that was answered, with nothing in it by which a person could be known. */
export interface RequestLogEntry {
  id: string;
  method: string;
  /** The pattern that matched, never the path. */
  route: string;
  status: number;
  milliseconds: number;
  /** To D1, R2 and objects. */
  calls: number;
  /** Of the bodies in both directions, as far as their lengths were known beforehand. */
  bytes: number;
}

/** Logs a request that was answered. */
export const logRequest = (entry: RequestLogEntry): void => console.log(JSON.stringify(entry));

/** Logs a failure nobody foresaw, whole, and returns the request's id, under which it can be found. */
export function logError(request: Request, error: unknown): string {
  const id = currentRequestId();
  const area = URL.parse(request.url)?.pathname.split("/", 2).join("/");
  console.error(
    JSON.stringify({ id, method: request.method, room: area, error: describeError(error) }),
  );
  return id;
}

/** Logs a fault that was dealt with. */
export function logWarning(what: string, error: unknown): void {
  console.warn(JSON.stringify({ what, error: describeError(error) }));
}

const describeError = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? String(error)) : String(error);
