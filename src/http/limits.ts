/** How often one client address may knock. */

import type { Context } from "hono";
import type { Env } from "../env";

/** The period of the limits in wrangler.toml. */
export const LIMIT_PERIOD_SECONDS = 60;

/** Whether this address still has a try. Without Cloudflare's edge all share one address. */
export async function hasTry(c: Context<{ Bindings: Env }>, limit: RateLimit): Promise<boolean> {
  const { success } = await limit.limit({ key: c.req.header("cf-connecting-ip") ?? "local" });
  return success;
}
