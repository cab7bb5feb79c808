/** How often one client address may knock. */

import type { Context } from "hono";
import type { Env } from "../env";

/** The period of the limits in wrangler.toml. */
export const LIMIT_PERIOD_SECONDS = 60;

/** Whether this client's address still has a try. */
export async function hasTry(c: Context<{ Bindings: Env }>, limit: RateLimit): Promise<boolean> {
  const { success } = await limit.limit({ key: clientAddress(c) });
  return success;
}

/**
 * Whom a limit is for: the client's IPv4 address, or the /64 that its IPv6 address is in, for a
 * subscriber has all of it. Without Cloudflare's edge all share one.
 */
export function clientAddress(c: Context<{ Bindings: Env }>): string {
  const address = c.req.header("cf-connecting-ip") ?? "local";
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":").filter(Boolean);
  const rest = tail?.split(":").filter(Boolean) ?? [];
  const zeros = Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill("0");
  return [...groups, ...zeros, ...rest].slice(0, 4).join(":");
}
