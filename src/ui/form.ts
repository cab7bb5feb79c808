/** Parses bodies of forms (application/x-www-form-urlencoded) and of our scripts (JSON). */

import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { HandlerResponse } from "../http/context";

const MAX_FORM_BYTES = 64 * 1024;

/** Middleware: answers a POST with a larger body by `onTooLarge`. */
export function limitFormSize(onTooLarge: (c: Context) => HandlerResponse): MiddlewareHandler {
  const limit = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: onTooLarge });
  // bodyLimit creates a new Request, which throws for a GET with a body.
  return (c, next) => (c.req.method === "POST" ? limit(c, next) : next());
}

/** The fields of a form. Other bodies give none of the fields that a route reads. */
export const readForm = async (c: Context): Promise<URLSearchParams> =>
  new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));

/** The properties of a JSON object; none for any other body. */
export async function readJson(c: Context): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await c.req.arrayBuffer());
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
