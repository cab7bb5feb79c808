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

/** Inserts a challenge. Idempotent: the hash has to be new. */
export async function insertChallenge(
  db: D1Database,
  { hash, purpose, account, name }: Challenge,
  expiresAt: number,
): Promise<void> {
  await withRetry(() =>
    db
      .prepare(
        `INSERT INTO challenges (hash, purpose, account, name, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING`,
      )
      .bind(hash, purpose, account, name, expiresAt)
      .run(),
  );
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
