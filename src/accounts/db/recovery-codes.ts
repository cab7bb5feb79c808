/** Recovery codes in D1, as hashes. Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import type { ActivityEntry } from "../activity-entry";
import { insertActivity } from "./activity";

/** An SQL expression: the smallest hash of an account's codes, which identifies the set. */
const setIdSql = (account: string): string =>
  `(SELECT min(hash) FROM recovery_codes WHERE account = ${account})`;

/** Loads the id of the account's set of codes. Returns null if it has none. */
export async function loadRecoveryCodeSetId(
  db: D1Database,
  account: string,
): Promise<string | null> {
  const row = await withRetry(() =>
    db
      .prepare("SELECT min(hash) AS hash FROM recovery_codes WHERE account = ?1")
      .bind(account)
      .first<{ hash: string | null }>(),
  );
  return row?.hash ?? null;
}

/**
 * Replaces the set of codes that `setId` identifies (null: there was none). Returns false, and changes
 * nothing, if that set was replaced in the meantime, or if the code that identifies it was used.
 */
export async function replaceRecoveryCodes(
  db: D1Database,
  account: string,
  setId: string | null,
  hashes: string[],
  entry: ActivityEntry,
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: `${setIdSql(":account")} IS :set`,
        values: { set: setId },
      }),
      db
        .prepare(`DELETE FROM recovery_codes WHERE account = ?1 AND ${setIdSql("?1")} IS ?2`)
        .bind(account, setId),
      db
        .prepare(
          `INSERT INTO recovery_codes (account, hash)
           SELECT ?1, value FROM json_each(?2)
           WHERE NOT EXISTS (SELECT 1 FROM recovery_codes WHERE account = ?1)`,
        )
        .bind(account, JSON.stringify(hashes)),
      db
        .prepare(
          `SELECT 1 FROM recovery_codes
           WHERE account = ?1 AND hash IN (SELECT value FROM json_each(?2))`,
        )
        .bind(account, JSON.stringify(hashes)),
    ]),
  );
  return results.at(-1)?.results.length === hashes.length;
}

/** Whether the account with this name, unless it is deleted, has a recovery code with this hash. */
export async function hasRecoveryCode(
  db: D1Database,
  name: string,
  hash: string,
): Promise<boolean> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT 1 FROM accounts a JOIN recovery_codes r ON r.account = a.id AND r.hash = ?2
         WHERE a.name = ?1 AND a.deleted_at IS NULL`,
      )
      .bind(name, hash)
      .first(),
  );
  return row !== null;
}
