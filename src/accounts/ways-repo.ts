/** Password, recovery codes and e-mail address of an account in D1. Every write can be repeated. */

import { askPatiently } from "../http/patience";
import type { Entry } from "./activity";
import { insertActivity } from "./activity-repo";
import { isGood, type Ticket } from "./ticket-repo";

/** How somebody can come in. */
export interface WaysIn {
  passkeys: number;
  hasPassword: boolean;
  recoveryCodes: number;
  /** Confirmed, or null. */
  email: string | null;
}

/** Of an account that is there. */
export async function loadWaysIn(db: D1Database, account: string): Promise<WaysIn> {
  const row = await askPatiently(() =>
    db
      .prepare(
        `SELECT (SELECT count(*) FROM passkeys WHERE account = ?1) AS passkeys,
           EXISTS (SELECT 1 FROM passwords WHERE account = ?1) AS hasPassword,
           (SELECT count(*) FROM recovery_codes WHERE account = ?1) AS recoveryCodes,
           (SELECT email FROM accounts WHERE id = ?1) AS email`,
      )
      .bind(account)
      .first<Omit<WaysIn, "hasPassword"> & { hasPassword: 0 | 1 }>(),
  );
  const { hasPassword, ...ways } = row ?? {
    passkeys: 0,
    hasPassword: 0,
    recoveryCodes: 0,
    email: null,
  };
  return { ...ways, hasPassword: hasPassword === 1 };
}

/** The hash of the password, null if there is none. */
export async function loadPassword(db: D1Database, account: string): Promise<string | null> {
  const row = await askPatiently(() =>
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
  const answers = await askPatiently(() =>
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
  const answers = await askPatiently(() =>
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

const FIRST_CODE = "(SELECT min(hash) FROM recovery_codes WHERE account = ?1)";

/** One of the codes of an account, by which its set is known; null if it has none. */
export async function loadFirstCode(db: D1Database, account: string): Promise<string | null> {
  const row = await askPatiently(() =>
    db
      .prepare("SELECT min(hash) AS hash FROM recovery_codes WHERE account = ?1")
      .bind(account)
      .first<{ hash: string | null }>(),
  );
  return row?.hash ?? null;
}

/**
 * Puts a set of recovery codes in the place of the one that `first` is of (null: of none). False,
 * and nothing changed, if that was replaced or used in the meantime.
 */
export async function replaceCodes(
  db: D1Database,
  account: string,
  first: string | null,
  hashes: string[],
  deed: Entry,
): Promise<boolean> {
  const answers = await askPatiently(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: `${FIRST_CODE} IS ?6`, values: [first] }),
      db
        .prepare(`DELETE FROM recovery_codes WHERE account = ?1 AND ${FIRST_CODE} IS ?2`)
        .bind(account, first),
      db
        .prepare(
          `INSERT INTO recovery_codes (account, hash)
           SELECT ?1, value FROM json_each(?2)
           WHERE NOT EXISTS (SELECT 1 FROM recovery_codes WHERE account = ?1)`,
        )
        .bind(account, JSON.stringify(hashes)),
      db
        .prepare(
          `SELECT 1 FROM recovery_codes
           WHERE account = ?1 AND hash IN (SELECT value FROM json_each(?2))`,
        )
        .bind(account, JSON.stringify(hashes)),
    ]),
  );
  return answers.at(-1)?.results.length === hashes.length;
}

/** Whether the account of this name, which was not deleted, has such a recovery code. */
export async function hasCode(db: D1Database, name: string, hash: string): Promise<boolean> {
  const row = await askPatiently(() =>
    db
      .prepare(
        `SELECT 1 FROM accounts a JOIN recovery_codes r ON r.account = a.id AND r.hash = ?2
         WHERE a.name = ?1 AND a.deleted_at IS NULL`,
      )
      .bind(name, hash)
      .first(),
  );
  return row !== null;
}

/** Guarded by the ticket: takes every way in from an account, and ends its sessions. */
export const deleteWaysIn = (db: D1Database, ticket: Ticket): D1PreparedStatement[] =>
  [
    ...["passwords", "passkeys", "recovery_codes", "sessions"].map(
      (table) => `DELETE FROM ${table} WHERE account = ?2`,
    ),
    "UPDATE accounts SET email = NULL WHERE id = ?2",
  ].map((sql) =>
    db.prepare(`${sql} AND ${isGood(ticket, "?1", "?2")}`).bind(ticket.hash, ticket.account),
  );

/** Guarded by the ticket, the link that was sent to this address. */
export const confirmEmail = (
  db: D1Database,
  ticket: Ticket,
  email: string,
  deed: Entry,
): D1PreparedStatement[] => [
  insertActivity(db, ticket.account, deed, {
    sql: isGood(ticket, "?6", "?1"),
    values: [ticket.hash],
  }),
  db
    .prepare(`UPDATE accounts SET email = ?3 WHERE id = ?2 AND ${isGood(ticket, "?1", "?2")}`)
    .bind(ticket.hash, ticket.account, email),
];

/** Takes the address away, with the links that were sent to it or wait to confirm another. */
export async function deleteEmail(
  db: D1Database,
  account: string,
  email: string,
  deed: Entry,
): Promise<void> {
  const isThere = "(SELECT email FROM accounts WHERE id = ?1)";
  await askPatiently(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: `${isThere} = ?6`, values: [email] }),
      db
        .prepare(`DELETE FROM links WHERE account = ?1 AND purpose <> 'reset' AND ${isThere} = ?2`)
        .bind(account, email),
      db
        .prepare("UPDATE accounts SET email = NULL WHERE id = ?1 AND email = ?2")
        .bind(account, email),
    ]),
  );
}

/** The id and address of the account of this name; null if it has none confirmed, or may not come in. */
export const loadEmailOf = (
  db: D1Database,
  name: string,
): Promise<{ id: string; email: string } | null> =>
  askPatiently(() =>
    db
      .prepare(
        `SELECT id, email FROM accounts
         WHERE name = ?1 AND email IS NOT NULL AND deleted_at IS NULL AND suspended_at IS NULL`,
      )
      .bind(name)
      .first<{ id: string; email: string }>(),
  );
