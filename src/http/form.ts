/** Forms that were sent as application/x-www-form-urlencoded. */

import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";

const MAX_FORM_BYTES = 64 * 1024;

/** Refuses larger bodies of a POST by what `refuse` answers. */
export function limitForms(
  refuse: (c: Context) => Response | Promise<Response>,
): MiddlewareHandler {
  const limit = bodyLimit({ maxSize: MAX_FORM_BYTES, onError: refuse });
  // It makes the request anew, which a GET with a body does not survive.
  return (c, next) => (c.req.method === "POST" ? limit(c, next) : next());
}

/** The fields of a form. Other bodies have none of those that are asked for. */
export const readForm = async (c: Context): Promise<URLSearchParams> =>
  new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
