/** What the operator gets to read. Never a token, a query string or a name of a document. */

import { randomId } from "../core/secrets";

/** Logs a failure nobody foresaw, whole, and returns the id under which it can be found. */
export function logFailure(request: Request, error: unknown): string {
  const id = randomId();
  const room = URL.parse(request.url)?.pathname.split("/", 2).join("/");
  console.error(JSON.stringify({ id, method: request.method, room, error: describe(error) }));
  return id;
}

/** Logs a fault that was dealt with. */
export function logFault(what: string, error: unknown): void {
  console.warn(JSON.stringify({ what, error: describe(error) }));
}

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? String(error)) : String(error);
