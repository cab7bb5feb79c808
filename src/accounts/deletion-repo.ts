/** The end of an account in D1. */

import { askPatiently } from "../http/patience";

/** Whatever lets a person or an app in. */
const WAYS_IN = [
  "sessions",
  "passwords",
  "passkeys",
  "recovery_codes",
  "links",
  "grants",
  "codes",
  "refresh_tokens",
  "devices",
];

/** Marks an account as deleted and takes away every way in. May be repeated. */
export async function buryAccount(db: D1Database, account: string, now: number): Promise<void> {
  await askPatiently(() =>
    db.batch([
      db
        .prepare(
          "UPDATE accounts SET deleted_at = ?2, is_admin = 0 WHERE id = ?1 AND deleted_at IS NULL",
        )
        .bind(account, now),
      ...WAYS_IN.map((table) =>
        db.prepare(`DELETE FROM ${table} WHERE account = ?1`).bind(account),
      ),
    ]),
  );
}
