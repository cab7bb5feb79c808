/**
 * Accounts in D1 as administrators see and change them. Administrators see how much an account
 * stores, never what: of its nodes only the storage root is read, and no module name.
 */

import { type ActivityEvent, activityStatement } from "../../accounts/activity";
import { closeAccountStatements } from "../../accounts/deletion";
import { ROOT } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { USED_BYTES_SQL } from "../../storage/usage";
import { executeAction, isPendingSql, type PendingAction } from "./audit-log";

/** An account and its totals. Times are milliseconds since 1970. */
export interface AccountSummary {
  id: string;
  name: string;
  isAdmin: boolean;
  createdAt: number;
  seenAt: number | null;
  suspendedAt: number | null;
  /** Null: the provider's DEFAULT_QUOTA_BYTES. */
  quotaBytes: number | null;
  usedBytes: number;
  documents: number;
}

const SELECT_SUMMARIES = `
  SELECT a.id, a.name, a.is_admin AS isAdmin, a.created_at AS createdAt, a.seen_at AS seenAt,
         a.suspended_at AS suspendedAt, a.quota_bytes AS quotaBytes,
         ${USED_BYTES_SQL} AS usedBytes,
         coalesce(r.documents, 0) AS documents
  FROM accounts a
  LEFT JOIN nodes r ON r.account = a.id AND r.parent = ?1 AND r.name = ?2
  WHERE a.deleted_at IS NULL`;

type SummaryRow = Omit<AccountSummary, "isAdmin"> & { isAdmin: 0 | 1 };

const toAccountSummary = (row: SummaryRow): AccountSummary => ({
  ...row,
  isAdmin: row.isAdmin === 1,
});

/** Which accounts to list. */
export interface AccountQuery {
  namePrefix: string;
  state: "all" | "suspended" | "administrators";
}

const STATE_CONDITIONS: Record<AccountQuery["state"], string> = {
  all: "true",
  suspended: "a.suspended_at IS NOT NULL",
  administrators: "a.is_admin = 1",
};

/** Loads at most `limit` matching accounts, ordered by name, only those after the name `after`. */
export async function loadAccountSummaries(
  db: D1Database,
  { namePrefix, state }: AccountQuery,
  after: string,
  limit: number,
): Promise<AccountSummary[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `${SELECT_SUMMARIES} AND ${STATE_CONDITIONS[state]}
           AND a.name >= ?3 AND a.name < ?3 || '~' AND a.name > ?4
         ORDER BY a.name LIMIT ?5`,
      )
      .bind(ROOT.parent, ROOT.name, namePrefix, after, limit)
      .all<SummaryRow>(),
  );
  return results.map(toAccountSummary);
}

/** Loads an account. Returns null if there is none with this name, or if it is deleted. */
export async function loadAccountSummary(
  db: D1Database,
  name: string,
): Promise<AccountSummary | null> {
  const row = await withRetry(() =>
    db
      .prepare(`${SELECT_SUMMARIES} AND a.name = ?3`)
      .bind(ROOT.parent, ROOT.name, name)
      .first<SummaryRow>(),
  );
  return row && toAccountSummary(row);
}

/** An action on an account that is about to be performed. */
export type PendingAccountAction = PendingAction & { target: string };

/**
 * Suspends the account and ends its sessions. Returns false if it is suspended already, or the
 * administrator's own.
 */
export const suspendAccount = (db: D1Database, action: PendingAccountAction): Promise<boolean> =>
  executeAction(db, action, `${IS_OTHER_ACCOUNT} AND t.suspended_at IS NULL`, [
    ...revokeAdminLinks(db, action),
    updateColumn(db, action, "suspended_at", action.at),
    db
      .prepare(`DELETE FROM sessions WHERE account = ?1 AND ${isPendingSql("?2", "?3")}`)
      .bind(action.target, action.at, action.id),
    recordForUser(db, action, { kind: "suspended" }),
  ]);

/** Lifts a suspension. Returns false if the account is not suspended. */
export const resumeAccount = (db: D1Database, action: PendingAccountAction): Promise<boolean> =>
  executeAction(db, action, "t.deleted_at IS NULL AND t.suspended_at IS NOT NULL", [
    updateColumn(db, action, "suspended_at", null),
    recordForUser(db, action, { kind: "resumed" }),
  ]);

/** Sets the quota in bytes; null: the provider's default. Returns false if the account is deleted. */
export const updateQuota = (
  db: D1Database,
  action: PendingAccountAction,
  quotaBytes: number | null,
): Promise<boolean> =>
  executeAction(db, action, "t.deleted_at IS NULL", [
    updateColumn(db, action, "quota_bytes", quotaBytes),
    recordForUser(db, action, { kind: "quota-changed", quotaBytes }),
  ]);

/** Makes the account an administrator. Returns false if it is one already, or is suspended. */
export const grantAdministrator = (
  db: D1Database,
  action: PendingAccountAction,
): Promise<boolean> =>
  executeAction(db, action, "t.deleted_at IS NULL AND t.suspended_at IS NULL AND t.is_admin = 0", [
    updateColumn(db, action, "is_admin", 1),
  ]);

/**
 * Removes the administrator role. Administrators cannot remove their own, and must still have it in the
 * same transaction: if two remove each other's at once, one succeeds, so an administrator remains.
 */
export const revokeAdministrator = (
  db: D1Database,
  action: PendingAccountAction,
): Promise<boolean> =>
  executeAction(db, action, `${IS_OTHER_ACCOUNT} AND t.is_admin = 1`, [
    ...revokeAdminLinks(db, action),
    updateColumn(db, action, "is_admin", 0),
  ]);

/** Records that a reset link is about to be created. Returns false if the account is deleted. */
export const recordResetLink = (db: D1Database, action: PendingAccountAction): Promise<boolean> =>
  executeAction(db, action, "t.deleted_at IS NULL", [
    recordForUser(db, action, { kind: "reset-link-made" }),
  ]);

/**
 * Closes the account permanently, to be erased afterwards. Returns false if it is the administrator's
 * own.
 */
export const closeOtherAccount = (db: D1Database, action: PendingAccountAction): Promise<boolean> =>
  executeAction(db, action, IS_OTHER_ACCOUNT, [
    ...revokeAdminLinks(db, action),
    ...closeAccountStatements(db, action.target, action.at, action.id),
  ]);

/**
 * A former administrator may have kept links that lead back into administration: invitations that
 * grant the role and reset links of other accounts. Their creators are not recorded, so all open ones
 * are revoked.
 */
function revokeAdminLinks(
  db: D1Database,
  { target, at, id }: PendingAccountAction,
): D1PreparedStatement[] {
  const wasAdministrator = `${isPendingSql("?1", "?2")}
    AND EXISTS (SELECT 1 FROM accounts WHERE id = ?3 AND is_admin = 1)`;
  return [
    db
      .prepare(
        `UPDATE invitations SET expires_at = min(expires_at, ?1)
         WHERE is_admin = 1 AND ${wasAdministrator}`,
      )
      .bind(at, id, target),
    db
      .prepare(`DELETE FROM links WHERE purpose = 'reset' AND ${wasAdministrator}`)
      .bind(at, id, target),
  ];
}

/** SQL condition: the target `t` is not deleted and not the administrator `a`. */
const IS_OTHER_ACCOUNT = "t.deleted_at IS NULL AND t.id <> a.id";

/** Updates a column of the target account, if the action is pending. */
const updateColumn = (
  db: D1Database,
  { target, at, id }: PendingAccountAction,
  column: "suspended_at" | "quota_bytes" | "is_admin",
  value: number | null,
): D1PreparedStatement =>
  db
    .prepare(`UPDATE accounts SET ${column} = ?2 WHERE id = ?1 AND ${isPendingSql("?3", "?4")}`)
    .bind(target, value, at, id);

/** Adds the action to the activity of the target account, if the action is pending. */
const recordForUser = (
  db: D1Database,
  action: PendingAccountAction,
  event: ActivityEvent,
): D1PreparedStatement => activityStatement(db, action.target, event, action.at, action.id);
