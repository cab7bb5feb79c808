/** What administrators did, for all of them to see. Only ever added to. */

import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import type { TimeCursor } from "../ui/paging";
import { deleteOldActs, loadActs } from "./db/log";

/** What administrators can do. Those that concern an account have its name beside them. */
export type Act =
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

/** An act, and who did it to whom. */
export interface LogEntry extends TimeCursor {
  /** Name of the administrator. */
  admin: string;
  /** Name of whom it concerns. */
  account: string | null;
  act: Act;
}

/** The latest acts, the newest first, at most `limit`; those before `before` if it is given. */
export const listActs = (
  db: D1Database,
  before: TimeCursor | null,
  limit: number,
): Promise<LogEntry[]> => loadActs(db, before, limit);

/** Forgets what is older than ADMIN_LOG_DAYS; for the daily round. */
export const deleteForgottenActs = (env: Env, now: number): D1PreparedStatement =>
  deleteOldActs(env.DB, now - settings(env).ADMIN_LOG_DAYS * DAY_MS);
