/** The audit log: what administrators did, append-only and visible to all of them. */

import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import type { TimeCursor } from "../ui/paging";
import { deleteAuditLogBefore, loadAuditLog } from "./db/audit-log";

/** What an administrator did. Actions on an account are logged together with its name. */
export type AdminAction =
  | { kind: "set-up" }
  | { kind: "suspended" }
  | { kind: "resumed" }
  | { kind: "quota-changed"; quotaBytes: number | null }
  | { kind: "reset-link-made" }
  | { kind: "administrator-made" }
  | { kind: "administrator-unmade" }
  | { kind: "account-deleted" }
  | {
      kind: "invitation-made";
      note: string;
      maxUses: number;
      quotaBytes: number | null;
      isAdmin: boolean;
    }
  | { kind: "invitation-revoked"; note: string };

/** An action, the administrator who performed it and the account it concerns. */
export interface AuditLogEntry extends TimeCursor {
  /** Name of the administrator. */
  admin: string;
  /** Name of the account; null for actions without one. */
  account: string | null;
  action: AdminAction;
}

/** At most `limit` entries, newest first; only those before `before` if it is given. */
export const listAuditLog = (
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<AuditLogEntry[]> => loadAuditLog(db, before, limit);

/** The daily job's statement that deletes entries older than ADMIN_LOG_DAYS. */
export const deleteExpiredAuditLog = (env: Env, now: number): D1PreparedStatement =>
  deleteAuditLogBefore(env.DB, now - settings(env).ADMIN_LOG_DAYS * DAY_MS);
