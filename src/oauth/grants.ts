/** Grants: their status, the name of their app, and their revocation. */

import { type ActivityEvent, insertActivity, newActivityEntry } from "../accounts/activity";
import { parseScopes, type Scope } from "../core/scope";
import type { Env } from "../env";
import type { AccessClaims } from "./access-tokens";
import { deleteOldUsage } from "./app-usage";
import { deleteGrant } from "./db/grant-changes";
import {
  deleteExpiredRows,
  type GrantRow,
  grantExists,
  loadGrant,
  loadGrantStatusRows,
  loadGrantsById,
  selectGrantStatus,
} from "./db/grants";

/** What a valid grant allows. */
export interface GrantStatus {
  scopes: Scope[];
  /** Whether the account is suspended. */
  isSuspended: boolean;
}

/** Selects the status of a token's grant; for a batch. `parseGrantStatus` reads the result. */
export const grantStatusStatement = (
  db: D1Database,
  claims: Pick<AccessClaims, "account" | "grant">,
  now: number,
): D1PreparedStatement => selectGrantStatus(db, claims.account, claims.grant, now);

/** Returns null if the grant was revoked or has expired. */
export function parseGrantStatus(result: D1Result | undefined): GrantStatus | null {
  const [row] = (result?.results ?? []) as StatusRow[];
  return row === undefined ? null : toStatus(row);
}

/**
 * The statuses of grants of an account, by their ids, with one call however many there are. Those that were revoked or
 * have expired are left out.
 */
export async function loadGrantStatuses(
  db: D1Database,
  account: string,
  grants: string[],
  now: number,
): Promise<Map<string, GrantStatus>> {
  const statuses = new Map<string, GrantStatus>();
  for (const row of await loadGrantStatusRows(db, account, grants, now)) {
    const status = toStatus(row);
    if (status !== null) statuses.set(row.id, status);
  }
  return statuses;
}

interface StatusRow {
  scope: string;
  suspendedAt: number | null;
}

function toStatus({ scope, suspendedAt }: StatusRow): GrantStatus | null {
  const scopes = parseScopes(scope);
  return scopes && { scopes, isSuspended: suspendedAt !== null };
}

/** Name of the app that holds a grant: its origin, or its label without one. */
export const appName = ({ origin, label, id }: GrantRow): string => origin || (label ?? id);

/** Name of the app that holds a grant; null if the grant was revoked or has expired. */
export async function appNameOfGrant(
  db: D1Database,
  account: string,
  id: string,
  now: number,
): Promise<string | null> {
  const grant = await loadGrant(db, account, id, now);
  return grant && appName(grant);
}

/** Names of the apps that hold these grants, by grant; those that have ended are left out. */
export async function appNamesOfGrants(
  db: D1Database,
  account: string,
  ids: string[],
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const grants = await loadGrantsById(db, account, ids);
  return new Map(grants.map((grant) => [grant.id, appName(grant)]));
}

/** Revokes a grant because a client revoked one of its tokens, or a used token was replayed. */
export async function revokeGrant(
  env: Env,
  account: string,
  id: string,
  why: Extract<ActivityEvent, { kind: "app-ended" }>["why"],
  now: number,
): Promise<void> {
  const grant = await loadGrant(env.DB, account, id, now);
  const entry = grant && newActivityEntry({ kind: "app-ended", app: appName(grant), why }, now);
  const activity = entry ? [insertActivity(env.DB, account, entry, grantExists(id))] : [];
  await deleteGrant(env, account, id, activity);
}

/** Deletes what has expired, and old app usage; for the daily job. */
export const deleteExpiredGrants = (db: D1Database, now: number): D1PreparedStatement[] => [
  ...deleteExpiredRows(db, now),
  deleteOldUsage(db, now),
];
