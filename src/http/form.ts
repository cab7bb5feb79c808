/** The fields of a form that was sent as application/x-www-form-urlencoded. */

import type { Context } from "hono";

/** Other bodies have none of the fields that are asked for. The route map limits their size. */
export const readForm = async (c: Context): Promise<URLSearchParams> =>
  new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()));
