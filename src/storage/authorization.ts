/** Who asks, and may they? §9. */

import { isPublic, type NodePath } from "../core/path";
import { type Outcome, ok, refused } from "../core/refusals";
import { isAllowed, type Scope } from "../core/scope";
import type { Env } from "../env";
import { readBearerToken } from "../http/bearer";
import { type AccessClaims, verifyAccessToken } from "../oauth/access-tokens";
import { grantStatusStatement, parseGrantStatus } from "../oauth/grants";
import { withRetry } from "../platform/retry";
import { BAD_TOKEN, OUT_OF_SCOPE, SUSPENDED } from "./refusals";

/** A request that may go on: with a token that names a grant, or for a public document without. */
export type Access = { by: "token"; claims: AccessClaims } | { by: "anyone"; user: string };

/**
 * §9: "GET and HEAD requests to a document (but not a folder) whose path starts with '/public/'
 * are always allowed."
 */
export const isOpenToAnyone = (action: "read" | "write", node: NodePath): boolean =>
  action === "read" && node.kind === "document" && isPublic(node);

/** Grants that are gone, as this isolate has learnt: none ever comes back. */
const gone = new Set<string>();

const MAX_GONE = 10_000;

/**
 * Whose token a request shows; null: none that we have signed, that has not expired and whose grant
 * is not known to be gone.
 */
export async function identify(
  env: Env,
  request: Request,
  now: number,
): Promise<AccessClaims | null> {
  const token = readBearerToken(request);
  if (!token.ok || token.value === null) return null;
  const claims = await verifyAccessToken(env, token.value, now);
  return claims && !gone.has(grantOf(claims)) ? claims : null;
}

/** Remembers that D1 has said of these claims that their grant is gone. */
export function noteGone(claims: AccessClaims): void {
  if (gone.size >= MAX_GONE) gone.clear();
  gone.add(grantOf(claims));
}

const grantOf = ({ account, grant }: AccessClaims): string => `${account} ${grant}`;

/**
 * Weighs what can be weighed without the index: the token's signature, account and scope. Refuses
 * with `unauthorized` (401) or `insufficient-scope` (403).
 */
export function weighToken(
  request: Request,
  presented: AccessClaims | null,
  user: string,
  node: NodePath,
  action: "read" | "write",
): Outcome<AccessClaims> {
  const claims = weighOwner(request, presented, user);
  if (!claims.ok) return claims;
  return isAllowed(claims.value.scopes, action, node) ? claims : refused(OUT_OF_SCOPE);
}

/** The same for what has no scope of its own. §5: "403 for [...] outside the user's <storage_root>" */
export function weighOwner(
  request: Request,
  presented: AccessClaims | null,
  user: string,
): Outcome<AccessClaims> {
  const token = readBearerToken(request);
  if (!token.ok) return token;
  if (token.value === null) return refused({ code: "unauthorized", message: NO_TOKEN });
  if (presented === null) return refused(BAD_TOKEN);
  return presented.user === user ? ok(presented) : refused(OUT_OF_SCOPE);
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
  const answer = await askIfGranted<Row>(env, claims, question, now);
  if (!answer.ok) return answer;
  const { scopes, rows } = answer.value;
  return isAllowed(scopes, action, node) ? ok(rows) : refused(OUT_OF_SCOPE);
}

/**
 * The same whatever the grant's scopes are, which are returned. Refuses with `unauthorized`, and with
 * `suspended` where an administrator has closed the account for now.
 */
export async function askIfGranted<Row>(
  env: Env,
  claims: AccessClaims,
  question: D1PreparedStatement,
  now: number,
): Promise<Outcome<{ scopes: Scope[]; rows: Row[] }>> {
  const questions = [grantStatusStatement(env.DB, claims, now), question];
  const [granted, answer] = await withRetry(() => env.DB.batch(questions));
  const standing = parseGrantStatus(granted);
  if (standing === null) return refused(BAD_TOKEN);
  if (standing.isSuspended) return refused(SUSPENDED);
  return ok({ scopes: standing.scopes, rows: (answer?.results ?? []) as Row[] });
}

const NO_TOKEN = "This needs an access token: Authorization: Bearer <access_token>.";
