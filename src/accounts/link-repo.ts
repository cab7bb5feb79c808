/** Links that work once, in D1. Every write comes to the same when it is repeated. */

import { askPatiently } from "../http/patience";

export interface LinkRow {
  /** SHA-256 of the secret in the link. */
  hash: string;
  purpose: "reset" | "recover" | "email";
  account: string;
  expiresAt: number;
}

/** Makes a link. Its secret has to be fresh. */
export async function insertLink(
  db: D1Database,
  { hash, purpose, account, expiresAt }: LinkRow,
): Promise<void> {
  await askPatiently(() =>
    db
      .prepare(
        `INSERT INTO links (hash, purpose, account, expires_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING`,
      )
      .bind(hash, purpose, account, expiresAt)
      .run(),
  );
}

export const deleteExpiredLinks = (db: D1Database, now: number): D1PreparedStatement[] =>
  ["links", "challenges"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE expires_at <= ?1`).bind(now),
  );
