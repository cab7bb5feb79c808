/** Recovery codes in D1, as hashes. Every write can be repeated. */

import { withRetry } from "../../platform/retry";
import type { Entry } from "../activity";
import { insertActivity } from "./activity";

const FIRST_CODE = "(SELECT min(hash) FROM recovery_codes WHERE account = ?1)";

/** One of the codes of an account, by which its set is known; null if it has none. */
export async function loadFirstCode(db: D1Database, account: string): Promise<string | null> {
  const row = await withRetry(() =>
    db
      .prepare("SELECT min(hash) AS hash FROM recovery_codes WHERE account = ?1")
      .bind(account)
      .first<{ hash: string | null }>(),
  );
  return row?.hash ?? null;
}

/**
 * Puts a set of recovery codes in the place of the one that `first` is of (null: of none). False,
 * and nothing changed, if that was replaced in the meantime, or this one code of it used.
 */
export async function replaceCodes(
  db: D1Database,
  account: string,
  first: string | null,
  hashes: string[],
  deed: Entry,
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: `${FIRST_CODE} IS ?6`, values: [first] }),
      db
        .prepare(`DELETE FROM recovery_codes WHERE account = ?1 AND ${FIRST_CODE} IS ?2`)
        .bind(account, first),
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
  return answers.at(-1)?.results.length === hashes.length;
}

/** Whether the account of this name, which was not deleted, has such a recovery code. */
export async function hasCode(db: D1Database, name: string, hash: string): Promise<boolean> {
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
