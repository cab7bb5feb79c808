/**
 * The quota endpoint: /quota/<user>, a JSON resource that the draft does not define. WebFinger
 * advertises it, so that an app can check the free space before a PUT is refused with 507.
 */

import { Hono } from "hono";
import { type Outcome, ok, refused } from "../../core/refusals";
import { servesStorage } from "../../discovery/storage-hosts";
import { type Env, settings } from "../../env";
import type { HonoContext } from "../../http/context";
import { appCors } from "../../http/cors";
import { limitAnonymous, limitApp } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { recordUse } from "../../oauth/app-usage";
import { authenticate, authorizeOwner, queryForOwner, rememberRevoked } from "../authorization";
import { selectUsage, type UsageRow } from "../db/usage";
import { MISDIRECTED, methodNotAllowed } from "../refusals";

const METHODS = ["GET", "HEAD", "OPTIONS"];

/** The resource. Numbers are bytes, or documents. */
interface Quota {
  quotaBytes: number;
  usedBytes: number;
  /** The part of them that the index of names and folders takes. */
  indexBytes: number;
  /** What may still be added; 0 also if the quota was lowered below what is used. */
  availableBytes: number;
  documents: number;
}

/** Routes of /quota. */
export const quotaRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(["GET"]))
  .get("/:user", async (c) => {
    const quota = await loadQuota(c, c.req.param("user"), Date.now());
    if (!quota.ok) return refusalResponse(quota.refusal);
    return c.json(quota.value, 200, { "Cache-Control": "no-cache" });
  })
  .all("*", (c) => refusalResponse(methodNotAllowed(c.req.method, METHODS)));

/** Any token of the user may read it: a write with any of them can exceed the quota. */
async function loadQuota(c: HonoContext, user: string, now: number): Promise<Outcome<Quota>> {
  const { env, req } = c;
  if (!(await servesStorage(env, req.url, user, now))) return refused(MISDIRECTED);
  const authenticated = await authenticate(env, req.raw, now);
  const limited = authenticated ? limitApp(env, authenticated, now) : limitAnonymous(c, now);
  if (limited) return refused(limited);
  const claims = authorizeOwner(req.raw, authenticated, user);
  if (!claims.ok) return claims;
  const { account } = claims.value;
  const statement = selectUsage(env.DB, account, settings(env).DEFAULT_QUOTA_BYTES);
  const found = await queryForOwner<UsageRow>(env, claims.value, statement, now);
  if (!found.ok) {
    if (found.refusal.code === "unauthorized") rememberRevoked(claims.value);
    return found;
  }
  recordUse(env, c.executionCtx, claims.value, 0, now);
  const [usage] = found.value.rows as [UsageRow];
  const availableBytes = Math.max(0, usage.quotaBytes - usage.usedBytes);
  return ok({ ...usage, availableBytes });
}
