/** Signing keys in D1. Every write comes to the same when it is repeated. */

import { withRetry } from "../../platform/retry";

interface KeyRow {
  kid: string;
  secret: string;
  createdAt: number;
}

/** The newest first. */
export async function loadKeys(db: D1Database): Promise<KeyRow[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT kid, secret, created_at AS createdAt FROM signing_keys
         ORDER BY created_at DESC, kid`,
      )
      .all<KeyRow>(),
  );
  return results;
}

/** Adds a key unless there is one: of two isolates that start at once, one wins. */
export async function insertFirstKey(db: D1Database, key: KeyRow): Promise<void> {
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
