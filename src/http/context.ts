/** What every door of the Worker is given with a request, and what it answers. */

import type { Context } from "hono";
import type { Env } from "../env";

export type HonoContext = Context<{ Bindings: Env }>;

/** Pages are rendered a piece at a time. */
export type HandlerResponse = Response | Promise<Response>;
