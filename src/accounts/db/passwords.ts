/** The password of an account in D1. Every write can be repeated. */

import { withRetry } from "../../platform/retry";
import type { Entry } from "../activity";
import { insertActivity } from "./activity";

/** The hash of the password, null if there is none. */
export async function loadPassword(db: D1Database, account: string): Promise<string | null> {
  const row = await withRetry(() =>
    db
      .prepare("SELECT hash FROM passwords WHERE account = ?1")
      .bind(account)
      .first<{ hash: string }>(),
  );
  return row?.hash ?? null;
}

const PASSWORD = "(SELECT hash FROM passwords WHERE account = ?1)";

/** In SQL: whether account ?1 has a passkey. */
const HAS_PASSKEY = "EXISTS (SELECT 1 FROM passkeys WHERE account = ?1)";

/**
 * Puts a password hash in the place of another (null: of none) and ends all sessions of the account
 * but one. False, and nothing changed, if the password is not `old` any more: a batch that arrives
 * late cannot undo what came after it.
 */
export async function replacePassword(
  db: D1Database,
  account: string,
  { old, wanted }: { old: string | null; wanted: string },
  keptSession: string,
  deed: Entry,
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch<{ hash: string }>([
      insertActivity(db, account, deed, { sql: `${PASSWORD} IS ?6`, values: [old] }),
      db
        .prepare(`DELETE FROM sessions WHERE account = ?1 AND hash <> ?3 AND ${PASSWORD} IS ?2`)
        .bind(account, old, keptSession),
      db
        .prepare(
          `INSERT INTO passwords (account, hash, created_at)
           SELECT ?1, ?3, ?4 WHERE ${PASSWORD} IS ?2
           ON CONFLICT (account) DO UPDATE SET hash = ?3, created_at = ?4`,
        )
        .bind(account, old, wanted, deed.at),
      db.prepare("SELECT hash FROM passwords WHERE account = ?1").bind(account),
    ]),
  );
  return answers.at(-1)?.results[0]?.hash === wanted;
}

/**
 * Takes the password away and ends all sessions of the account but one. False, and nothing changed,
 * if there is no passkey or the password is not `old` any more.
 */
export async function deletePassword(
  db: D1Database,
  account: string,
  old: string,
  keptSession: string,
  deed: Entry,
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch([
      insertActivity(db, account, deed, {
        sql: `${PASSWORD} = ?6 AND ${HAS_PASSKEY}`,
        values: [old],
      }),
      db
        .prepare(
          `DELETE FROM sessions
           WHERE account = ?1 AND hash <> ?3 AND ${PASSWORD} = ?2 AND ${HAS_PASSKEY}`,
        )
        .bind(account, old, keptSession),
      db
        .prepare(`DELETE FROM passwords WHERE account = ?1 AND hash = ?2 AND ${HAS_PASSKEY}`)
        .bind(account, old),
      db.prepare("SELECT 1 FROM passwords WHERE account = ?1").bind(account),
    ]),
  );
  return answers.at(-1)?.results.length === 0;
}
