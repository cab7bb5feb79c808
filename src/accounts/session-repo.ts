/** Sessions in D1. Every write comes to the same when it is repeated. */

import { askPatiently } from "../http/patience";
import type { Account, AccountRow } from "./repo";

/** A session as it stands in its row. Times are milliseconds since 1970. */
export interface SessionRow {
  /** SHA-256 of the cookie's value: names the session to its owner, and opens nothing. */
  hash: string;
  createdAt: number;
  expiresAt: number;
  /** When the person last proved here who they are. */
  provedAt: number;
  seenAt: number | null;
  /** As the browser said. */
  device: string | null;
  /** ISO 3166, as the platform said. */
  country: string | null;
}

const COLUMNS = `s.hash, s.created_at AS createdAt, s.expires_at AS expiresAt,
  s.proved_at AS provedAt, s.seen_at AS seenAt, s.device, s.country`;

/** Starts a session, and ends the one that the browser had before. `alsoDo` comes in the same batch. */
export async function insertSession(
  db: D1Database,
  account: string,
  session: SessionRow,
  previousHash: string | null,
  alsoDo: D1PreparedStatement[] = [],
): Promise<void> {
  const { hash, createdAt, expiresAt, provedAt, seenAt, device, country } = session;
  await askPatiently(() =>
    db.batch([
      db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(previousHash),
      db
        .prepare(
          `INSERT INTO sessions
             (hash, account, created_at, expires_at, proved_at, seen_at, device, country)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
           ON CONFLICT DO NOTHING`,
        )
        .bind(hash, account, createdAt, expiresAt, provedAt, seenAt, device, country),
      ...alsoDo,
    ]),
  );
}

/** A session that stands, of an account that may come in. */
export async function loadSession(
  db: D1Database,
  hash: string,
  now: number,
): Promise<(SessionRow & { account: Account }) | null> {
  const row = await askPatiently(() =>
    db
      .prepare(
        `SELECT ${COLUMNS}, a.id, a.name, a.is_admin AS isAdmin
         FROM sessions s JOIN accounts a ON a.id = s.account
         WHERE s.hash = ?1 AND s.expires_at > ?2
           AND a.suspended_at IS NULL AND a.deleted_at IS NULL`,
      )
      .bind(hash, now)
      .first<SessionRow & AccountRow>(),
  );
  if (row === null) return null;
  const { id, name, isAdmin, ...session } = row;
  return { ...session, account: { id, name, isAdmin: isAdmin === 1 } };
}

/** All sessions of an account that stand, the one that was seen last first. */
export async function loadSessions(
  db: D1Database,
  account: string,
  now: number,
): Promise<SessionRow[]> {
  const { results } = await askPatiently(() =>
    db
      .prepare(
        `SELECT ${COLUMNS} FROM sessions s
         WHERE s.account = ?1 AND s.expires_at > ?2
         ORDER BY coalesce(s.seen_at, s.created_at) DESC`,
      )
      .bind(account, now)
      .all<SessionRow>(),
  );
  return results;
}

/** Writes that a person was here, on the session and on the account. */
export async function touchSession(
  db: D1Database,
  account: string,
  hash: string,
  now: number,
): Promise<void> {
  await askPatiently(() =>
    db.batch([
      db.prepare("UPDATE sessions SET seen_at = ?2 WHERE hash = ?1").bind(hash, now),
      db.prepare("UPDATE accounts SET seen_at = ?2 WHERE id = ?1").bind(account, now),
    ]),
  );
}

/** Writes that a person has proved who they are. */
export async function renewProof(db: D1Database, hash: string, now: number): Promise<void> {
  await askPatiently(() =>
    db.prepare("UPDATE sessions SET proved_at = ?2 WHERE hash = ?1").bind(hash, now).run(),
  );
}

/** No more than nothing if the account has no such session. */
export const deleteSessionOf = (
  db: D1Database,
  account: string,
  hash: string,
): D1PreparedStatement =>
  db.prepare("DELETE FROM sessions WHERE account = ?1 AND hash = ?2").bind(account, hash);

/** All sessions of an account but one; null: all of them. */
export const deleteSessionsOf = (
  db: D1Database,
  account: string,
  butHash: string | null,
): D1PreparedStatement =>
  db.prepare("DELETE FROM sessions WHERE account = ?1 AND hash IS NOT ?2").bind(account, butHash);

/** Nothing happens if it is gone. */
export async function deleteSession(db: D1Database, hash: string): Promise<void> {
  await askPatiently(() => db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(hash).run());
}

export const deleteExpiredSessions = (db: D1Database, now: number): D1PreparedStatement =>
  db.prepare("DELETE FROM sessions WHERE expires_at <= ?1").bind(now);
