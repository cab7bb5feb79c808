/** Signing keys in D1. Writes are idempotent, so they are safe to retry. */

import { withRetry } from "../../platform/retry";

interface SigningKeyRow {
  kid: string;
  secret: string;
  /** Milliseconds since 1970. */
  createdAt: number;
}

/** All keys, the newest first. */
export async function loadSigningKeys(db: D1Database): Promise<SigningKeyRow[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT kid, secret, created_at AS createdAt FROM signing_keys
         ORDER BY created_at DESC, kid`,
      )
      .all<SigningKeyRow>(),
  );
  return results;
}

/** Inserts a key if there is none yet: of two isolates that start at once, one wins. */
export async function insertFirstSigningKey(db: D1Database, key: SigningKeyRow): Promise<void> {
  await withRetry(() =>
    db
      .prepare(
        `INSERT INTO signing_keys (kid, secret, created_at)
         SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM signing_keys)`,
      )
      .bind(key.kid, key.secret, key.createdAt)
      .run(),
  );
}
