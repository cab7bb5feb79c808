/** Opens a one-time URL of a live socket, for those who cannot send a token with it. */

import { type Outcome, ok, type Refusal, refused } from "../core/refusals";
import type { Scope } from "../core/scope";
import { announcedOrigins } from "../discovery/storage-hosts";
import type { HonoContext } from "../http/context";
import { liveEndpoint } from "../http/hosts";
import { withRetry } from "../platform/retry";
import type { Listener } from "./handshake";

/**
 * Opens one. Returns it, and until when it can be used (milliseconds since 1970). `scopes`: those of the token;
 * null: a page asks. Refuses what the grant no longer allows.
 */
export async function openLiveUrl(
  c: HonoContext,
  listener: Listener,
  scopes: Scope[] | null,
  now: number,
): Promise<Outcome<{ url: string; usableUntil: number }>> {
  const object = c.env.USERS.getByName(listener.user);
  const opened = await withRetry(async () => await object.openLiveSession(listener, scopes));
  if (!opened.ok) return refused(opened.refusal as Refusal);
  const endpoint = liveEndpoint(await announcedOrigins(c.env, c.req.url, now), listener.user);
  const { secret, usableUntil } = opened.value;
  return ok({ url: `${endpoint}?session=${secret}`, usableUntil });
}
