/** Who asks, and may they? §9. */

import { isPublic, type NodePath } from "../core/path";
import { done, type Outcome, type Refusal, refused } from "../core/refusals";
import { allows } from "../core/scope";
import type { Env } from "../env";
import { bearerToken } from "../http/bearer";
import { askPatiently } from "../http/patience";
import { grantedScopes, grantStatement } from "../oauth/grants";
import { type AccessClaims, verifyAccessToken } from "../oauth/tokens";

/** A request that may go on: with a token that names a grant, or for a public document without. */
export type Access = { by: "token"; claims: AccessClaims } | { by: "anyone"; user: string };

/**
 * §9: "GET and HEAD requests to a document (but not a folder) whose path starts with '/public/'
 * are always allowed."
 */
export const isOpenToAnyone = (action: "read" | "write", node: NodePath): boolean =>
  action === "read" && node.kind === "document" && isPublic(node);

/**
 * Weighs what can be weighed without the index: the token's signature, account and scope. Refuses
 * with `unauthorized` (401) or `insufficient-scope` (403).
 */
export async function weighToken(
  env: Env,
  request: Request,
  user: string,
  node: NodePath,
  action: "read" | "write",
  now: number,
): Promise<Outcome<AccessClaims>> {
  const token = bearerToken(request);
  if (!token.ok) return token;
  if (token.value === null) return refused({ code: "unauthorized", message: NO_TOKEN });
  const claims = await verifyAccessToken(env, token.value, now);
  if (claims === null) return refused(BAD_TOKEN);
  // §5: "403 for [...] accessing data outside the user's <storage_root>"
  if (claims.user !== user || !allows(claims.scopes, action, node)) return refused(OUT_OF_SCOPE);
  return done(claims);
}

/**
 * Asks the index, and in the same round trip whether the token's grant still stands. Refuses with
 * `unauthorized` if it was revoked or has expired, with `insufficient-scope` if it was narrowed.
 */
export async function askWithGrant<Row>(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  action: "read" | "write",
  question: D1PreparedStatement,
  now: number,
): Promise<Outcome<Row[]>> {
  const questions = [grantStatement(env.DB, claims, now), question];
  const [granted, answer] = await askPatiently(() => env.DB.batch(questions));
  const scopes = grantedScopes(granted);
  if (scopes === null) return refused(BAD_TOKEN);
  if (!allows(scopes, action, node)) return refused(OUT_OF_SCOPE);
  return done((answer?.results ?? []) as Row[]);
}

const NO_TOKEN = "This needs an access token: Authorization: Bearer <access_token>.";

const BAD_TOKEN: Refusal = {
  code: "unauthorized",
  message: "The access token is not valid, or no longer.",
  error: "invalid_token",
};

const OUT_OF_SCOPE: Refusal = {
  code: "insufficient-scope",
  message: "The access token does not reach as far as this.",
};
