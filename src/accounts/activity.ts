/** The activity log of an account: what happened in it, for its owner to see. Append-only. */

import { randomId } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { withRetry } from "../platform/retry";
import {
  type ActivityCondition,
  adminActionCondition,
  deleteOldActivity,
  insertActivity,
  loadActivity,
} from "./db/activity";

/**
 * `insertActivity` is for batches that may turn out to do nothing: its condition says whether they do
 * something. `activityStatement` is for batches that certainly do what the entry says.
 */
export { type ActivityCondition, insertActivity, loadActivity };

/** How a user authenticated (cf. RFC 8176, "amr"). */
export type AuthMethod = "password" | "passkey" | "recovery-code" | "link";

/**
 * Something that happened, as it is stored in the log. `app` is an origin, or the label of an app
 * without one.
 */
export type ActivityEvent =
  | { kind: "sign-up"; way: AuthMethod }
  | { kind: "sign-in"; way: AuthMethod; device: string | null; country: string | null }
  | { kind: "session-ended"; device: string | null }
  | { kind: "sign-out-everywhere" }
  | { kind: "password-set" }
  | { kind: "password-removed" }
  | { kind: "passkey-added"; name: string }
  | { kind: "passkey-renamed"; name: string }
  | { kind: "passkey-removed"; name: string }
  | { kind: "recovery-codes-made" }
  | { kind: "email-set"; email: string }
  | { kind: "email-removed" }
  | { kind: "app-allowed"; app: string; scope: string }
  | { kind: "app-changed"; app: string; scope: string }
  | { kind: "app-disconnected"; app: string }
  | { kind: "app-ended"; app: string; why: "replay" | "revoked" }
  | { kind: "all-disconnected" }
  | { kind: "token-made"; app: string; scope: string }
  | { kind: "export" }
  | { kind: "database-deleted"; module: string; name: string }
  | { kind: "suspended" }
  | { kind: "resumed" }
  | { kind: "quota-changed"; quotaBytes: number | null }
  | { kind: "reset-link-made" };

/** An event and its time (milliseconds since 1970). */
export interface ActivityEntry {
  at: number;
  id: string;
  event: ActivityEvent;
}

/** An entry for an event that happens now, with a new id. */
export const newActivityEntry = (event: ActivityEvent, now: number): ActivityEntry => ({
  at: now,
  id: randomId(),
  event,
});

/**
 * The statement that records an event, for the batch that brings it about. Idempotent. With
 * `adminActionId` it records the event only if that action is in the administrators' log.
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

/** Records an event that comes with no batch of its own. */
export async function recordActivity(
  db: D1Database,
  account: string,
  event: ActivityEvent,
  now: number,
): Promise<void> {
  const statement = activityStatement(db, account, event, now);
  await withRetry(() => statement.run());
}

/** Deletes what is older than ACTIVITY_DAYS; for the daily run. */
export const deleteExpiredActivity = (env: Env, now: number): D1PreparedStatement =>
  deleteOldActivity(env.DB, now - settings(env).ACTIVITY_DAYS * DAY_MS);
