/** The activity log of an account: append-only, shown to its user. */

import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { withRetry } from "../platform/retry";
import { type ActivityEvent, newActivityEntry } from "./activity-entry";
import {
  type ActivityCondition,
  adminActionCondition,
  deleteOldActivity,
  insertActivity,
  loadActivity,
  NOT_RECORDED_TODAY,
} from "./db/activity";

export {
  type ActivityEntry,
  type ActivityEvent,
  type AuthMethod,
  type DomainLoss,
  newActivityEntry,
  type RefusalReason,
  type TaskKind,
} from "./activity-entry";

/**
 * `insertActivity` is for batches that may turn out to do nothing: its condition says whether they do
 * something. `activityStatement` is for batches that certainly do what the entry says.
 */
export { type ActivityCondition, insertActivity, loadActivity };

/**
 * The statement that records an event, for the batch that causes it. Idempotent. With `adminActionId`
 * it records the event only if that action is in the audit log.
 */
export const activityStatement = (
  db: D1Database,
  account: string,
  event: ActivityEvent,
  now: number,
  adminActionId: string | null = null,
): D1PreparedStatement =>
  insertActivity(
    db,
    account,
    newActivityEntry(event, now),
    adminActionId === null ? undefined : adminActionCondition(adminActionId),
  );

/** Records an event that no batch causes. */
export async function recordActivity(
  db: D1Database,
  account: string,
  event: ActivityEvent,
  now: number,
): Promise<void> {
  const statement = activityStatement(db, account, event, now);
  await withRetry(() => statement.run());
}

/** Records an event that no batch causes, unless the same was recorded in the day before. */
export async function recordDailyActivity(
  db: D1Database,
  account: string,
  event: ActivityEvent,
  now: number,
): Promise<void> {
  const entry = newActivityEntry(event, now);
  const statement = insertActivity(db, account, entry, NOT_RECORDED_TODAY);
  await withRetry(() => statement.run());
}

/** Deletes entries older than ACTIVITY_DAYS; for the daily job. */
export const deleteExpiredActivity = (env: Env, now: number): D1PreparedStatement =>
  deleteOldActivity(env.DB, now - settings(env).ACTIVITY_DAYS * DAY_MS);
