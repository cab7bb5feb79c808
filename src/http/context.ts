/** The types of Hono handlers: their context and their response. */

import type { Context } from "hono";
import type { Env } from "../env";

/** The context of a request. */
export type HonoContext = Context<{ Bindings: Env }>;

/** The response of a handler; pages render asynchronously. */
export type HandlerResponse = Response | Promise<Response>;
