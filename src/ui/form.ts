/** Forms as browsers send them (application/x-www-form-urlencoded), and as our own scripts do (JSON). */

import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { HandlerResponse } from "../http/context";

const MAX_FORM_BYTES = 64 * 1024;

/** Refuses larger bodies of a POST by what `refuse` answers. */
export function limitFormSize(refuse: (c: Context) => HandlerResponse): MiddlewareHandler {
  const limit = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: refuse });
  // It makes the request anew, which a GET with a body does not survive.
  return (c, next) => (c.req.method === "POST" ? limit(c, next) : next());
}

/** The fields of a form. Other bodies have none of those that are asked for. */
export const readForm = async (c: Context): Promise<URLSearchParams> =>
  new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));

/** The fields of an object in JSON, as our own scripts send them. Other bodies have none. */
export async function readJson(c: Context): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await c.req.arrayBuffer());
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
