/** What happened in an account, for its owner to see. Only ever added to. */

import { randomId } from "../core/secrets";
import { DAY_MS } from "../core/time";
import { type Env, settings } from "../env";
import { withRetry } from "../platform/retry";
import {
  type Condition,
  deleteOldActivity,
  insertActivity,
  loadActivity,
  ofAct,
} from "./db/activity";

/** For batches that may do nothing; `recordDeed` for those that do what they say. */
export { type Condition, insertActivity };

/** How somebody proved who they are. */
export type Way = "password" | "passkey" | "recovery-code" | "link";

/** What can happen. `app` is an origin, or what an app without one is called. */
export type Deed =
  | { kind: "sign-up"; way: Way }
  | { kind: "sign-in"; way: Way; device: string | null; country: string | null }
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

/** A deed and when it was done (milliseconds since 1970). */
export interface Entry {
  at: number;
  id: string;
  deed: Deed;
}

/**
 * Adds to the log of an account; for the batch that does the deed. May be repeated. `act` is the id of
 * an administrator's act: the deed is only recorded if that was done.
 */
export const recordDeed = (
  db: D1Database,
  account: string,
  deed: Deed,
  now: number,
  act: string | null = null,
): D1PreparedStatement =>
  insertActivity(db, account, entryOf(deed, now), act === null ? undefined : ofAct(act));

/** A deed as it stands in the log; for batches that may do nothing. */
export const entryOf = (deed: Deed, now: number): Entry => ({ at: now, id: randomId(), deed });

/** Adds to the log of an account, where the deed is no batch of its own. */
export async function noteDeed(
  db: D1Database,
  account: string,
  deed: Deed,
  now: number,
): Promise<void> {
  const statement = recordDeed(db, account, deed, now);
  await withRetry(() => statement.run());
}

/** The latest deeds, the newest first, at most `limit`; those before `before` if it is given. */
export const listActivity = (
  db: D1Database,
  account: string,
  before: Pick<Entry, "at" | "id"> | null,
  limit: number,
): Promise<Entry[]> => loadActivity(db, account, before, limit);

/** Forgets what is older than ACTIVITY_DAYS; for the daily round. */
export const deleteForgottenActivity = (env: Env, now: number): D1PreparedStatement =>
  deleteOldActivity(env.DB, now - settings(env).ACTIVITY_DAYS * DAY_MS);
