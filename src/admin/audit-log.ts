/** The audit log: what administrators did, append-only and visible to all of them. */

import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import type { TimeCursor } from "../ui/paging";
import type { AuditLogEntry } from "./admin-action";
import { deleteAuditLogBefore, loadAuditLog } from "./db/audit-log";

/** Lists at most `limit` entries, newest first; only those before `before` if it is given. */
export const listAuditLog = (
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<AuditLogEntry[]> => loadAuditLog(db, before, limit);

/** The daily job's statement that deletes entries older than ADMIN_LOG_DAYS. */
export const deleteExpiredAuditLog = (env: Env, now: number): D1PreparedStatement =>
  deleteAuditLogBefore(env.DB, now - settings(env).ADMIN_LOG_DAYS * DAY_MS);
