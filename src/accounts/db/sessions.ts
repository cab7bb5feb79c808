/** Sessions in D1. Every write comes to the same when it is repeated. */

import { withRetry } from "../../platform/retry";
import type { Entry } from "../activity";
import type { Account, AccountRow } from "./accounts";
import { insertActivity } from "./activity";
import { isGood, type Key, spendKey } from "./one-time-tokens";

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

const INSERT = `INSERT INTO sessions
    (account, hash, created_at, expires_at, proved_at, seen_at, device, country)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8`;

const valuesOf = (account: string, session: SessionRow) => [
  account,
  session.hash,
  session.createdAt,
  session.expiresAt,
  session.provedAt,
  session.seenAt,
  session.device,
  session.country,
];

/**
 * Starts a session for who has just got an account, and ends the one that the browser had before.
 * `alsoDo` comes in the same batch.
 */
export async function insertSession(
  db: D1Database,
  account: string,
  session: SessionRow,
  previousHash: string | null,
  alsoDo: D1PreparedStatement[] = [],
): Promise<void> {
  await withRetry(() =>
    db.batch([
      db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(previousHash),
      db.prepare(`${INSERT} WHERE true ON CONFLICT DO NOTHING`).bind(...valuesOf(account, session)),
      ...alsoDo,
    ]),
  );
}

/**
 * Starts a session for who has come with a key, and ends the one that the browser had before.
 * `alsoDo` comes in the same batch, and is guarded by the key as well. False, and nothing changed,
 * if the key is not good any more.
 */
export async function redeemSession(
  db: D1Database,
  key: Key,
  session: SessionRow,
  previousHash: string | null,
  alsoDo: D1PreparedStatement[],
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch([
      ...alsoDo,
      db
        .prepare(`DELETE FROM sessions WHERE hash = ?3 AND ${isGood(key, "?1", "?2")}`)
        .bind(key.hash, key.account, previousHash),
      db
        .prepare(`${INSERT} WHERE ${isGood(key, "?9", "?1")} ON CONFLICT DO NOTHING`)
        .bind(...valuesOf(key.account, session), key.hash),
      ...spendKey(db, key),
      db.prepare("SELECT 1 FROM sessions WHERE hash = ?1").bind(session.hash),
    ]),
  );
  return answers.at(-1)?.results.length === 1;
}

/** A session that stands, of an account that may come in. */
export async function loadSession(
  db: D1Database,
  hash: string,
  now: number,
): Promise<(SessionRow & { account: Account }) | null> {
  const row = await withRetry(() =>
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
  const { results } = await withRetry(() =>
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
  await withRetry(() =>
    db.batch([
      db.prepare("UPDATE sessions SET seen_at = ?2 WHERE hash = ?1").bind(hash, now),
      db.prepare("UPDATE accounts SET seen_at = ?2 WHERE id = ?1").bind(account, now),
    ]),
  );
}

/**
 * Writes that a person has proved who they are by a key. `alsoDo` as for `redeemSession`. False, and
 * nothing changed, if the key is not good any more or the session is over.
 */
export async function redeemProof(
  db: D1Database,
  key: Key,
  sessionHash: string,
  alsoDo: D1PreparedStatement[],
  now: number,
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch([
      ...alsoDo,
      db
        .prepare(
          `UPDATE sessions SET proved_at = ?4
           WHERE hash = ?3 AND account = ?2 AND ${isGood(key, "?1", "?2")}`,
        )
        .bind(key.hash, key.account, sessionHash, now),
      ...spendKey(db, key),
      db
        .prepare("SELECT 1 FROM sessions WHERE hash = ?1 AND proved_at >= ?2")
        .bind(sessionHash, now),
    ]),
  );
  return answers.at(-1)?.results.length === 1;
}

/** Does nothing if the account has no such session. */
export async function deleteSessionOf(
  db: D1Database,
  account: string,
  hash: string,
  deed: Entry,
): Promise<void> {
  const isThere = "EXISTS (SELECT 1 FROM sessions WHERE account = ?1 AND hash = ?6)";
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: isThere, values: [hash] }),
      db.prepare("DELETE FROM sessions WHERE account = ?1 AND hash = ?2").bind(account, hash),
    ]),
  );
}

/** Ends all sessions of an account but one. */
export async function deleteOtherSessions(
  db: D1Database,
  account: string,
  keptHash: string,
  deed: Entry,
): Promise<void> {
  const isThere = "EXISTS (SELECT 1 FROM sessions WHERE account = ?1 AND hash <> ?6)";
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: isThere, values: [keptHash] }),
      db.prepare("DELETE FROM sessions WHERE account = ?1 AND hash <> ?2").bind(account, keptHash),
    ]),
  );
}

/** Whoever shows its cookie ends it; no more than nothing if there is no such session. */
export async function deleteSession(db: D1Database, hash: string): Promise<void> {
  await withRetry(() => db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(hash).run());
}

export const deleteExpiredSessions = (db: D1Database, now: number): D1PreparedStatement =>
  db.prepare("DELETE FROM sessions WHERE expires_at <= ?1").bind(now);
