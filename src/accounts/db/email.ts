/** The email address of an account in D1. Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import type { ActivityEntry } from "../activity-entry";
import { insertActivity } from "./activity";
import { credentialExists, credentialExistsSql, type OneTimeToken } from "./one-time-tokens";

/** Sets the address. Guarded by the token: the link that was sent to this address. */
export const confirmEmail = (
  db: D1Database,
  token: OneTimeToken,
  email: string,
  entry: ActivityEntry,
): D1PreparedStatement[] => [
  insertActivity(db, token.account, entry, credentialExists(token)),
  db
    .prepare(
      `UPDATE accounts SET email = ?3 WHERE id = ?2 AND ${credentialExistsSql(token, "?1", "?2")}`,
    )
    .bind(token.hash, token.account, email),
];

/** Deletes the address, the links that were sent to it, and those that would confirm another. */
export async function deleteEmail(
  db: D1Database,
  account: string,
  email: string,
  entry: ActivityEntry,
): Promise<void> {
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: "(SELECT email FROM accounts WHERE id = :account) = :email",
        values: { email },
      }),
      db
        .prepare(
          `DELETE FROM links WHERE account = ?1 AND purpose <> 'reset'
             AND (SELECT email FROM accounts WHERE id = ?1) = ?2`,
        )
        .bind(account, email),
      db
        .prepare("UPDATE accounts SET email = NULL WHERE id = ?1 AND email = ?2")
        .bind(account, email),
    ]),
  );
}

/**
 * Loads the id and the confirmed address of the account with this name. Returns null if it has none,
 * or is suspended or deleted.
 */
export const loadConfirmedEmail = (
  db: D1Database,
  name: string,
): Promise<{ id: string; email: string } | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT id, email FROM accounts
         WHERE name = ?1 AND email IS NOT NULL AND deleted_at IS NULL AND suspended_at IS NULL`,
      )
      .bind(name)
      .first<{ id: string; email: string }>(),
  );
