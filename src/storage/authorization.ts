/** Authenticates requests to the storage, and checks what their token's grant allows: §9. */

import { isPublic, type NodePath } from "../core/path";
import { type Outcome, ok, refused } from "../core/refusals";
import { isAllowed, type Scope } from "../core/scope";
import type { Env } from "../env";
import { parseBearerToken } from "../http/bearer";
import { type AccessClaims, verifyAccessToken } from "../oauth/access-tokens";
import { grantStatusStatement, parseGrantStatus } from "../oauth/grants";
import { withRetry } from "../platform/retry";
import { BAD_TOKEN, NO_TOKEN, OUT_OF_SCOPE, SUSPENDED } from "./refusals";

/** How a document is read: by an app with a token, or without one, if it is public. */
export type Access = { kind: "token"; claims: AccessClaims } | { kind: "anonymous"; user: string };

/**
 * Whether a request needs no token. §9: "GET and HEAD requests to a document (but not a folder)
 * whose path starts with '/public/' are always allowed."
 */
export const isPublicRead = (action: "read" | "write", node: NodePath): boolean =>
  action === "read" && node.kind === "document" && isPublic(node);

/** Grants that this isolate knows to be revoked or expired. A grant never comes back. */
const revokedGrants = new Set<string>();

const MAX_REVOKED_GRANTS = 10_000;

/**
 * The claims of a request's token. Null if it has none, or one that we did not sign, that has expired
 * or whose grant is known to be revoked.
 */
export async function authenticate(
  env: Env,
  request: Request,
  now: number,
): Promise<AccessClaims | null> {
  const token = parseBearerToken(request);
  if (!token.ok || token.value === null) return null;
  const claims = await verifyAccessToken(env, token.value, now);
  return claims && !revokedGrants.has(grantKey(claims)) ? claims : null;
}

/** Remembers that, according to D1, the grant of these claims is revoked or expired. */
export function rememberRevoked(claims: AccessClaims): void {
  if (revokedGrants.size >= MAX_REVOKED_GRANTS) revokedGrants.clear();
  revokedGrants.add(grantKey(claims));
}

const grantKey = ({ account, grant }: AccessClaims): string => `${account} ${grant}`;

/**
 * Checks what can be checked without the index: the token's signature, account and scope.
 * `authenticated` are the claims that `authenticate` found. Refuses with `unauthorized` (401) or
 * `insufficient-scope` (403).
 */
export function authorizePath(
  request: Request,
  authenticated: AccessClaims | null,
  user: string,
  node: NodePath,
  action: "read" | "write",
): Outcome<AccessClaims> {
  const claims = authorizeOwner(request, authenticated, user);
  if (!claims.ok) return claims;
  return isAllowed(claims.value.scopes, action, node) ? claims : refused(OUT_OF_SCOPE);
}

/**
 * The same for a resource that any token of the user may read. §5: "403 for [...] outside the user's
 * <storage_root>"
 */
export function authorizeOwner(
  request: Request,
  authenticated: AccessClaims | null,
  user: string,
): Outcome<AccessClaims> {
  if (authenticated !== null) {
    return authenticated.user === user ? ok(authenticated) : refused(OUT_OF_SCOPE);
  }
  const token = parseBearerToken(request);
  if (!token.ok) return token;
  return refused(token.value === null ? NO_TOKEN : BAD_TOKEN);
}

/**
 * Queries the index, and checks the token's grant in the same round trip. Refuses with `unauthorized`
 * if the grant was revoked or has expired, with `insufficient-scope` if its scopes were reduced, with
 * `suspended` if the account is.
 */
export async function queryWithGrant<Row>(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  action: "read" | "write",
  statement: D1PreparedStatement,
  now: number,
): Promise<Outcome<Row[]>> {
  const found = await queryForOwner<Row>(env, claims, statement, now);
  if (!found.ok) return found;
  const { scopes, rows } = found.value;
  return isAllowed(scopes, action, node) ? ok(rows) : refused(OUT_OF_SCOPE);
}

/** The same whatever the grant's scopes are; returns them. */
export async function queryForOwner<Row>(
  env: Env,
  claims: AccessClaims,
  statement: D1PreparedStatement,
  now: number,
): Promise<Outcome<{ scopes: Scope[]; rows: Row[] }>> {
  const statements = [grantStatusStatement(env.DB, claims, now), statement];
  const [granted, queried] = await withRetry(() => env.DB.batch(statements));
  const status = parseGrantStatus(granted);
  if (status === null) return refused(BAD_TOKEN);
  if (status.isSuspended) return refused(SUSPENDED);
  return ok({ scopes: status.scopes, rows: (queried?.results ?? []) as Row[] });
}
