/** What a person has allowed an app: made at consent, gone when they disconnect it. */

import type { Account } from "../accounts/accounts";
import { parseScopes, type Scope } from "../core/scope";
import {
  deleteExpiredGrants,
  deleteGrantsOf,
  type GrantRow,
  loadGrants,
  selectGrant,
} from "./grant-repo";
import type { RedirectUri } from "./redirect-uri";
import type { AccessClaims } from "./tokens";

export { deleteExpiredGrants };

/** What a person has just allowed an app, before it is a grant. */
export interface Allowed {
  account: Account;
  redirectUri: RedirectUri;
  /** A scope parameter. */
  scope: string;
  /** Milliseconds since 1970; null: until the app is disconnected. */
  expiresAt: number | null;
}

/** Asks whether the grant of a token stands; for a batch. `grantStanding` reads the answer. */
export const grantStatement = (
  db: D1Database,
  claims: AccessClaims,
  now: number,
): D1PreparedStatement => selectGrant(db, claims.account, claims.grant, now);

/** What a grant says of who shows its token. */
export interface Standing {
  scopes: Scope[];
  isSuspended: boolean;
}

/** How a grant stands, or null if it was revoked or has expired. */
export function grantStanding(result: D1Result | undefined): Standing | null {
  const [row] = (result?.results ?? []) as { scope: string; suspendedAt: number | null }[];
  const scopes = row ? parseScopes(row.scope) : null;
  return row && scopes ? { scopes, isSuspended: row.suspendedAt !== null } : null;
}

/** An app that is connected to an account, by all its grants. */
export interface ConnectedApp {
  origin: string;
  /** Where it was opened last. */
  url: string;
  scopes: Scope[];
  /** Milliseconds since 1970. */
  since: number;
  /** When its last grant ends; null: until it is disconnected. */
  until: number | null;
}

/** The apps of an account, the longest connected first. An app may have a grant per device. */
export async function listConnectedApps(
  db: D1Database,
  account: string,
  now: number,
): Promise<ConnectedApp[]> {
  const byOrigin = Map.groupBy(await loadGrants(db, account, now), ({ origin }) => origin);
  return [...byOrigin].map(([origin, grants]) => ({
    origin,
    url: grants.at(-1)?.appUrl ?? origin,
    scopes: parseScopes(grants.map(({ scope }) => scope).join(" ")) ?? [],
    since: Math.min(...grants.map(({ createdAt }) => createdAt)),
    until: latestEnd(grants),
  }));
}

/** What somebody with these scopes may do, in words: "notes (read and change), photos (read only)". */
export const describeScopes = (scopes: Scope[]): string =>
  scopes
    .map(({ module, level }) => {
      const what = module === "*" ? "everything" : module;
      return `${what} (${level === "r" ? "read only" : "read and change"})`;
    })
    .join(", ");

/** Ends every grant of the app: its tokens are refused from the next request on. */
export const disconnectApp = (db: D1Database, account: string, origin: string): Promise<void> =>
  deleteGrantsOf(db, account, origin);

const latestEnd = (grants: GrantRow[]): number | null =>
  grants.some(({ expiresAt }) => expiresAt === null)
    ? null
    : Math.max(...grants.map(({ expiresAt }) => expiresAt ?? 0));
