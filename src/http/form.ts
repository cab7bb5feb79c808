/** Forms that were sent as application/x-www-form-urlencoded. */

import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";

const MAX_FORM_BYTES = 64 * 1024;

/** Refuses larger bodies by what `refuse` answers. */
export const limitForms = (refuse: (c: Context) => Response | Promise<Response>) =>
  bodyLimit({ maxSize: MAX_FORM_BYTES, onError: refuse });

/** The fields of a form. Other bodies have none of those that are asked for. */
export const readForm = async (c: Context): Promise<URLSearchParams> =>
  new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
