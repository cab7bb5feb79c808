/** The password of an account in D1, as a hash. Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import type { ActivityEntry } from "../activity-entry";
import { insertActivity } from "./activity";

/** Loads the hash of the password. Returns null if the account has none. */
export async function loadPasswordHash(db: D1Database, account: string): Promise<string | null> {
  const row = await withRetry(() =>
    db
      .prepare("SELECT hash FROM passwords WHERE account = ?1")
      .bind(account)
      .first<{ hash: string }>(),
  );
  return row?.hash ?? null;
}

/** SQL expressions; `account` is a parameter such as "?1". */
const passwordHashSql = (account: string): string =>
  `(SELECT hash FROM passwords WHERE account = ${account})`;
const hasPasskeySql = (account: string): string =>
  `EXISTS (SELECT 1 FROM passkeys WHERE account = ${account})`;

/**
 * Replaces a password hash (`oldHash` null: there was none) and ends all sessions of the account but
 * one. Returns false, and changes nothing, if the hash is no longer `oldHash`: a batch that arrives
 * late cannot undo a later change.
 */
export async function replacePassword(
  db: D1Database,
  account: string,
  { oldHash, newHash }: { oldHash: string | null; newHash: string },
  keptSessionHash: string,
  entry: ActivityEntry,
): Promise<boolean> {
  const isUnchanged = `${passwordHashSql("?1")} IS ?2`;
  const results = await withRetry(() =>
    db.batch<{ hash: string }>([
      insertActivity(db, account, entry, {
        sql: `${passwordHashSql(":account")} IS :old`,
        values: { old: oldHash },
      }),
      db
        .prepare(`DELETE FROM sessions WHERE account = ?1 AND hash <> ?3 AND ${isUnchanged}`)
        .bind(account, oldHash, keptSessionHash),
      db
        .prepare(
          `INSERT INTO passwords (account, hash, created_at)
           SELECT ?1, ?3, ?4 WHERE ${isUnchanged}
           ON CONFLICT (account) DO UPDATE SET hash = ?3, created_at = ?4`,
        )
        .bind(account, oldHash, newHash, entry.at),
      db.prepare("SELECT hash FROM passwords WHERE account = ?1").bind(account),
    ]),
  );
  return results.at(-1)?.results[0]?.hash === newHash;
}

/**
 * Deletes the password and ends all sessions of the account but one. Returns false, and changes
 * nothing, if the account has no passkey or the hash is no longer `oldHash`.
 */
export async function deletePassword(
  db: D1Database,
  account: string,
  oldHash: string,
  keptSessionHash: string,
  entry: ActivityEntry,
): Promise<boolean> {
  const hasPasskey = hasPasskeySql("?1");
  const results = await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: `${passwordHashSql(":account")} = :old AND ${hasPasskeySql(":account")}`,
        values: { old: oldHash },
      }),
      db
        .prepare(
          `DELETE FROM sessions
           WHERE account = ?1 AND hash <> ?3 AND ${passwordHashSql("?1")} = ?2 AND ${hasPasskey}`,
        )
        .bind(account, oldHash, keptSessionHash),
      db
        .prepare(`DELETE FROM passwords WHERE account = ?1 AND hash = ?2 AND ${hasPasskey}`)
        .bind(account, oldHash),
      db.prepare("SELECT 1 FROM passwords WHERE account = ?1").bind(account),
    ]),
  );
  return results.at(-1)?.results.length === 0;
}
