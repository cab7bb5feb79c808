/**
 * Accounts as administrators see them: how much they hold, and nothing of what. The storage root is
 * the only node that is read here, and no module's name.
 */

import { type Deed, recordDeed } from "../../accounts/activity";
import { closing } from "../../accounts/deletion";
import { ROOT } from "../../core/path";
import { withRetry } from "../../platform/retry";
import { USED_BYTES_SQL } from "../../storage/usage";
import { actStands, type NewAct, runAct } from "./log";

/** An account in the list. Times are milliseconds since 1970. */
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

const summaryOf = (row: SummaryRow): AccountSummary => ({ ...row, isAdmin: row.isAdmin === 1 });

/** Which accounts are asked for. */
export interface AccountQuery {
  /** Of their names. */
  beginning: string;
  state: "all" | "suspended" | "administrators";
}

const IN_STATE: Record<AccountQuery["state"], string> = {
  all: "true",
  suspended: "a.suspended_at IS NOT NULL",
  administrators: "a.is_admin = 1",
};

/** Those that are asked for whose names come after `after`, in the order of their names. */
export async function loadSummaries(
  db: D1Database,
  { beginning, state }: AccountQuery,
  after: string,
  limit: number,
): Promise<AccountSummary[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `${SELECT_SUMMARIES} AND ${IN_STATE[state]}
           AND a.name >= ?3 AND a.name < ?3 || '~' AND a.name > ?4
         ORDER BY a.name LIMIT ?5`,
      )
      .bind(ROOT.parent, ROOT.name, beginning, after, limit)
      .all<SummaryRow>(),
  );
  return results.map(summaryOf);
}

/** Null if there is no such account, or none any more. */
export async function loadSummary(db: D1Database, name: string): Promise<AccountSummary | null> {
  const row = await withRetry(() =>
    db
      .prepare(`${SELECT_SUMMARIES} AND a.name = ?3`)
      .bind(ROOT.parent, ROOT.name, name)
      .first<SummaryRow>(),
  );
  return row && summaryOf(row);
}

/** An act on an account. */
type ActOnAccount = NewAct & { target: string };

/** Closes an account, and ends its sessions. False if it is closed, or the administrator's own. */
export const suspend = (db: D1Database, act: ActOnAccount): Promise<boolean> =>
  runAct(db, act, `${ANOTHER} AND t.suspended_at IS NULL`, [
    ...endWaysBack(db, act),
    setIfStands(db, act, "suspended_at", act.at),
    db
      .prepare(`DELETE FROM sessions WHERE account = ?1 AND ${actStands("?2", "?3")}`)
      .bind(act.target, act.at, act.id),
    deed(db, act, { kind: "suspended" }),
  ]);

/** Opens it again. False if it is open. */
export const resume = (db: D1Database, act: ActOnAccount): Promise<boolean> =>
  runAct(db, act, "t.deleted_at IS NULL AND t.suspended_at IS NOT NULL", [
    setIfStands(db, act, "suspended_at", null),
    deed(db, act, { kind: "resumed" }),
  ]);

export const changeQuota = (
  db: D1Database,
  act: ActOnAccount,
  quotaBytes: number | null,
): Promise<boolean> =>
  runAct(db, act, "t.deleted_at IS NULL", [
    setIfStands(db, act, "quota_bytes", quotaBytes),
    deed(db, act, { kind: "quota-changed", quotaBytes }),
  ]);

/** Makes an account one of an administrator. False if it is, or if it is closed. */
export const makeAdministrator = (db: D1Database, act: ActOnAccount): Promise<boolean> =>
  runAct(db, act, "t.deleted_at IS NULL AND t.suspended_at IS NULL AND t.is_admin = 0", [
    setIfStands(db, act, "is_admin", 1),
  ]);

/**
 * Ends that. Never of oneself, and only by who is an administrator at that very moment: of two that
 * unmake each other one remains, and so there is always one.
 */
export const unmakeAdministrator = (db: D1Database, act: ActOnAccount): Promise<boolean> =>
  runAct(db, act, `${ANOTHER} AND t.is_admin = 1`, [
    ...endWaysBack(db, act),
    setIfStands(db, act, "is_admin", 0),
  ]);

/** Writes down that a link will be made by which the person gets in again. */
export const noteResetLink = (db: D1Database, act: ActOnAccount): Promise<boolean> =>
  runAct(db, act, "t.deleted_at IS NULL", [deed(db, act, { kind: "reset-link-made" })]);

/** Closes an account for good: it is to be erased then. False if it is the administrator's own. */
export const close = (db: D1Database, act: ActOnAccount): Promise<boolean> =>
  runAct(db, act, ANOTHER, [...endWaysBack(db, act), ...closing(db, act.target, act.at, act.id)]);

/**
 * Whoever was an administrator may have made ways back into administration: invitations that make
 * administrators and links into other accounts. Nobody knows who made which, so all that are open end.
 */
function endWaysBack(db: D1Database, { target, at, id }: ActOnAccount): D1PreparedStatement[] {
  const wasAdministrator = `${actStands("?1", "?2")}
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

const ANOTHER = "t.deleted_at IS NULL AND t.id <> a.id";

const setIfStands = (
  db: D1Database,
  { target, at, id }: ActOnAccount,
  column: "suspended_at" | "quota_bytes" | "is_admin",
  value: number | null,
): D1PreparedStatement =>
  db
    .prepare(`UPDATE accounts SET ${column} = ?2 WHERE id = ?1 AND ${actStands("?3", "?4")}`)
    .bind(target, value, at, id);

const deed = (db: D1Database, act: ActOnAccount, what: Deed): D1PreparedStatement =>
  recordDeed(db, act.target, what, act.at, act.id);
