/**
 * How much room an account has: /quota/<user>, a small JSON resource that is not of the draft.
 * WebFinger names it, so that an app can tell before a PUT is refused with 507.
 */

import { type Context, Hono } from "hono";
import { type Outcome, refused } from "../../core/refusals";
import { type Env, settings } from "../../env";
import { appCors } from "../../http/cors";
import { isServedOn } from "../../http/hosts";
import { limitAnonymous, limitApp } from "../../http/rate-limits";
import { refusalResponse } from "../../http/refusals";
import { recordUse } from "../../oauth/app-usage";
import { askIfGranted, identify, noteGone, weighOwner } from "../authorization";
import { selectUsage, type UsageRow } from "../db/nodes";
import { MISDIRECTED } from "../refusals";

/** The resource. Numbers are bytes, or documents. */
interface Quota {
  quotaBytes: number;
  usedBytes: number;
  /** What may still be added; 0 also where the quota was lowered below what is used. */
  availableBytes: number;
  documents: number;
}

export const quotaRoutes = new Hono<{ Bindings: Env }>()
  .use(appCors(["GET"]))
  .get("/:user", async (c) => {
    const quota = await readQuota(c, c.req.param("user"), Date.now());
    if (!quota.ok) return refusalResponse(quota.refusal);
    return c.json(quota.value, 200, { "Cache-Control": "no-cache" });
  })
  .all("*", (c) => {
    const message = `${c.req.method} is not a method of this resource.`;
    return refusalResponse({ code: "method-not-allowed", message, allow: "GET, HEAD, OPTIONS" });
  });

/** Any token of the user will do: a write by any of them can be refused for want of room. */
async function readQuota(
  c: Context<{ Bindings: Env }>,
  user: string,
  now: number,
): Promise<Outcome<Quota>> {
  const { env, req } = c;
  if (!isServedOn("storage", req.url, settings(env))) return refused(MISDIRECTED);
  const presented = await identify(env, req.raw, now);
  const limit = presented ? limitApp(env, presented, now) : limitAnonymous(c, now);
  if (limit) return refused(limit);
  const claims = weighOwner(req.raw, presented, user);
  if (!claims.ok) return claims;
  const { account } = claims.value;
  const question = selectUsage(env.DB, account, settings(env).DEFAULT_QUOTA_BYTES);
  const answer = await askIfGranted<UsageRow>(env, claims.value, question, now);
  if (!answer.ok) {
    if (answer.refusal.code === "unauthorized") noteGone(claims.value);
    return answer;
  }
  recordUse(env, c.executionCtx, claims.value, 0, now);
  const [usage] = answer.value.rows as [UsageRow];
  const availableBytes = Math.max(0, usage.quotaBytes - usage.usedBytes);
  return { ok: true, value: { ...usage, availableBytes } };
}
