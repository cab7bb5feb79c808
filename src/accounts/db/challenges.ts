/** The challenges for passkeys in D1, as hashes. */

import { withRetry } from "../../platform/retry";

/** A challenge that a passkey has to sign. */
export interface Challenge {
  hash: string;
  purpose: "sign-up" | "add" | "sign-in";
  /** The account that has to sign it; null for a sign-in, which is open to any account. */
  account: string | null;
  /** The name that a sign-up asks for; null for other purposes. */
  name: string | null;
}

/** Challenges that one client address may have, and challenges that there may be in all. */
const MAX_CHALLENGES_PER_CLIENT = 100;
const MAX_CHALLENGES = 50_000;

/**
 * Inserts a challenge, and deletes the expired ones. `client` is the address that asked for it. Returns
 * false, and inserts nothing, if there are too many, of this client or in all. Idempotent: the hash has
 * to be new.
 */
export async function insertChallenge(
  db: D1Database,
  { hash, purpose, account, name }: Challenge,
  client: string,
  expiresAt: number,
  now: number,
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      db.prepare("DELETE FROM challenges WHERE expires_at <= ?1").bind(now),
      db
        .prepare(
          `INSERT INTO challenges (hash, purpose, account, name, expires_at, client)
           SELECT ?1, ?2, ?3, ?4, ?5, ?6
           WHERE (SELECT rows FROM row_counts WHERE name = 'challenges') < ${MAX_CHALLENGES}
             AND (SELECT count(*) FROM challenges WHERE client = ?6) < ${MAX_CHALLENGES_PER_CLIENT}
           ON CONFLICT DO NOTHING`,
        )
        .bind(hash, purpose, account, name, expiresAt, client),
      db.prepare("SELECT 1 FROM challenges WHERE hash = ?1").bind(hash),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/** Loads a challenge. Returns null if there is none with this purpose, or if it has expired. */
export const loadChallenge = (
  db: D1Database,
  hash: string,
  purpose: Challenge["purpose"],
  now: number,
): Promise<Challenge | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT hash, purpose, account, name FROM challenges
         WHERE hash = ?1 AND purpose = ?2 AND expires_at > ?3`,
      )
      .bind(hash, purpose, now)
      .first<Challenge>(),
  );
