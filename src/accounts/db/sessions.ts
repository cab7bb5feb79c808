/** The sessions of browsers in D1. Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import type { ActivityEntry } from "../activity-entry";
import type { Account, AccountRow } from "./accounts";
import { insertActivity } from "./activity";
import { type Credential, consumeCredential, credentialExistsSql } from "./one-time-tokens";

/** A session as it is stored. Times are milliseconds since 1970. */
export interface BrowserSessionRow {
  /** SHA-256 of the cookie's value: identifies the session, but does not authenticate anybody. */
  hash: string;
  createdAt: number;
  expiresAt: number;
  /** When the user last authenticated in this session (cf. OpenID Connect, "auth_time"). */
  authenticatedAt: number;
  /** When the session was last used; accurate to the hour. */
  seenAt: number | null;
  /** From the User-Agent. */
  device: string | null;
  /** ISO 3166 code, from Cloudflare. */
  country: string | null;
}

const COLUMNS = `s.hash, s.created_at AS createdAt, s.expires_at AS expiresAt,
  s.proved_at AS authenticatedAt, s.seen_at AS seenAt, s.device, s.country`;

const INSERT = `INSERT INTO sessions
    (account, hash, created_at, expires_at, proved_at, seen_at, device, country)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8`;

const columnValues = (account: string, session: BrowserSessionRow) => [
  account,
  session.hash,
  session.createdAt,
  session.expiresAt,
  session.authenticatedAt,
  session.seenAt,
  session.device,
  session.country,
];

/**
 * Starts a session of an account that was just created, and ends the browser's previous one, in one
 * batch with `activity`.
 */
export async function insertBrowserSession(
  db: D1Database,
  account: string,
  session: BrowserSessionRow,
  previousHash: string | null,
  activity: D1PreparedStatement[] = [],
): Promise<void> {
  await withRetry(() =>
    db.batch([
      db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(previousHash),
      db
        .prepare(`${INSERT} WHERE true ON CONFLICT DO NOTHING`)
        .bind(...columnValues(account, session)),
      ...activity,
    ]),
  );
}

/**
 * Starts a session for a user who has authenticated with a credential, and ends the browser's previous
 * one. `effects` come first in the same batch, and have to be guarded by the credential as well.
 * Returns false, and changes nothing, if the credential is no longer valid.
 */
export async function insertSessionByCredential(
  db: D1Database,
  credential: Credential,
  session: BrowserSessionRow,
  previousHash: string | null,
  effects: D1PreparedStatement[],
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      ...effects,
      db
        .prepare(
          `DELETE FROM sessions WHERE hash = ?3 AND ${credentialExistsSql(credential, "?1", "?2")}`,
        )
        .bind(credential.hash, credential.account, previousHash),
      db
        .prepare(
          `${INSERT} WHERE ${credentialExistsSql(credential, "?9", "?1")} ON CONFLICT DO NOTHING`,
        )
        .bind(...columnValues(credential.account, session), credential.hash),
      ...consumeCredential(db, credential),
      db.prepare("SELECT 1 FROM sessions WHERE hash = ?1").bind(session.hash),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/**
 * Loads a session and its account. Returns null if there is none, if it has expired, or if the account
 * is suspended or deleted.
 */
export async function loadBrowserSession(
  db: D1Database,
  hash: string,
  now: number,
): Promise<(BrowserSessionRow & { account: Account }) | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT ${COLUMNS}, a.id, a.name, a.is_admin AS isAdmin
         FROM sessions s JOIN accounts a ON a.id = s.account
         WHERE s.hash = ?1 AND s.expires_at > ?2
           AND a.suspended_at IS NULL AND a.deleted_at IS NULL`,
      )
      .bind(hash, now)
      .first<BrowserSessionRow & AccountRow>(),
  );
  if (row === null) return null;
  const { id, name, isAdmin, ...session } = row;
  return { ...session, account: { id, name, isAdmin: isAdmin === 1 } };
}

/** Loads the sessions of an account that have not expired, the most recently used first. */
export async function loadBrowserSessions(
  db: D1Database,
  account: string,
  now: number,
): Promise<BrowserSessionRow[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(
        `SELECT ${COLUMNS} FROM sessions s
         WHERE s.account = ?1 AND s.expires_at > ?2
         ORDER BY coalesce(s.seen_at, s.created_at) DESC`,
      )
      .bind(account, now)
      .all<BrowserSessionRow>(),
  );
  return results;
}

/** Records that a session was used now, for the session and for its account. */
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
 * Records that the user of a session has authenticated again with a credential. `effects` as for
 * `insertSessionByCredential`. Returns false, and changes nothing, if the credential is no longer valid
 * or the session has ended.
 */
export async function recordReauthentication(
  db: D1Database,
  credential: Credential,
  sessionHash: string,
  effects: D1PreparedStatement[],
  now: number,
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      ...effects,
      db
        .prepare(
          `UPDATE sessions SET proved_at = ?4
           WHERE hash = ?3 AND account = ?2 AND ${credentialExistsSql(credential, "?1", "?2")}`,
        )
        .bind(credential.hash, credential.account, sessionHash, now),
      ...consumeCredential(db, credential),
      db
        .prepare("SELECT 1 FROM sessions WHERE hash = ?1 AND proved_at >= ?2")
        .bind(sessionHash, now),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/** Ends a session of an account. Does nothing if the account has no such session. */
export async function deleteSessionOfAccount(
  db: D1Database,
  account: string,
  hash: string,
  entry: ActivityEntry,
): Promise<void> {
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: "EXISTS (SELECT 1 FROM sessions WHERE account = :account AND hash = :session)",
        values: { session: hash },
      }),
      db.prepare("DELETE FROM sessions WHERE account = ?1 AND hash = ?2").bind(account, hash),
    ]),
  );
}

/** Ends all sessions of an account but one. Does nothing if there are no others. */
export async function deleteOtherSessions(
  db: D1Database,
  account: string,
  keptHash: string,
  entry: ActivityEntry,
): Promise<void> {
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: "EXISTS (SELECT 1 FROM sessions WHERE account = :account AND hash <> :kept)",
        values: { kept: keptHash },
      }),
      db.prepare("DELETE FROM sessions WHERE account = ?1 AND hash <> ?2").bind(account, keptHash),
    ]),
  );
}

/** Ends a session by the hash of its cookie. Does nothing if there is no such session. */
export async function deleteSession(db: D1Database, hash: string): Promise<void> {
  await withRetry(() => db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(hash).run());
}

/** The statement that deletes expired sessions; for the daily job. */
export const deleteExpiredSessions = (db: D1Database, now: number): D1PreparedStatement =>
  db.prepare("DELETE FROM sessions WHERE expires_at <= ?1").bind(now);
