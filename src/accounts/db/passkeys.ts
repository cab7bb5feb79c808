/** Passkeys in D1. Writes are idempotent. */

import { withRetry } from "../../platform/retry";
import type { ActivityEntry } from "../activity-entry";
import type { Account, AccountRow } from "./accounts";
import { insertActivity } from "./activity";
import {
  consumeOneTimeToken,
  credentialExists,
  credentialExistsSql,
  type OneTimeToken,
} from "./one-time-tokens";

/** A passkey as the browser has created it. */
export interface NewPasskey {
  /** The credential id, base64url. */
  id: string;
  /** A COSE key, base64url. */
  publicKey: string;
  counter: number;
  transports: string[];
  /** The user's name for it. */
  name: string;
}

/** A stored passkey. Times are milliseconds since 1970. */
export interface Passkey extends NewPasskey {
  createdAt: number;
  usedAt: number | null;
}

type PasskeyRow = Omit<Passkey, "transports"> & { transports: string };

const COLUMNS = `p.id, p.public_key AS publicKey, p.counter, p.transports, p.name AS name,
  p.created_at AS createdAt, p.used_at AS usedAt`;

const INSERT = `INSERT INTO passkeys (id, account, public_key, counter, transports, name, created_at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7`;

const columnValues = (account: string, passkey: NewPasskey, now: number) => [
  passkey.id,
  account,
  passkey.publicKey,
  passkey.counter,
  JSON.stringify(passkey.transports),
  passkey.name,
  now,
];

/** The statement that adds the passkey of a new account; for `insertAccount`. */
export const insertPasskey = (
  db: D1Database,
  account: string,
  passkey: NewPasskey,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(`${INSERT} WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?2) ON CONFLICT DO NOTHING`)
    .bind(...columnValues(account, passkey, now));

/**
 * Adds a passkey to an account. Returns false if the challenge was used, or if the passkey already
 * belongs to an account.
 */
export async function addPasskey(
  db: D1Database,
  token: OneTimeToken,
  passkey: NewPasskey,
  entry: ActivityEntry,
): Promise<boolean> {
  const { account, hash } = token;
  const isValid = credentialExists(token);
  const results = await withRetry(() =>
    db.batch([
      db
        .prepare(`${INSERT} WHERE ${credentialExistsSql(token, "?8", "?2")} ON CONFLICT DO NOTHING`)
        .bind(...columnValues(account, passkey, entry.at), hash),
      insertActivity(db, account, entry, {
        sql: `${isValid.sql}
          AND EXISTS (SELECT 1 FROM passkeys WHERE id = :passkey AND account = :account)`,
        values: { ...isValid.values, passkey: passkey.id },
      }),
      consumeOneTimeToken(db, token),
      db.prepare("SELECT 1 FROM passkeys WHERE id = ?1 AND account = ?2").bind(passkey.id, account),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/** Loads a passkey by its credential id. Returns null if there is none, or if its account is deleted. */
export async function loadPasskey(
  db: D1Database,
  id: string,
): Promise<{ passkey: Passkey; account: Account; isSuspended: boolean } | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT ${COLUMNS}, a.id AS account, a.name AS user, a.is_admin AS isAdmin,
           a.suspended_at AS suspendedAt
         FROM passkeys p JOIN accounts a ON a.id = p.account
         WHERE p.id = ?1 AND a.deleted_at IS NULL`,
      )
      .bind(id)
      .first<
        PasskeyRow &
          Pick<AccountRow, "isAdmin"> & {
            account: string;
            user: string;
            suspendedAt: number | null;
          }
      >(),
  );
  if (row === null) return null;
  const { account, user, isAdmin, suspendedAt, ...passkey } = row;
  return {
    passkey: toPasskey(passkey),
    account: { id: account, name: user, isAdmin: isAdmin === 1 },
    isSuspended: suspendedAt !== null,
  };
}

/** Loads all passkeys of an account, oldest first. */
export async function loadPasskeys(db: D1Database, account: string): Promise<Passkey[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(`SELECT ${COLUMNS} FROM passkeys p WHERE p.account = ?1 ORDER BY p.created_at, p.id`)
      .bind(account)
      .all<PasskeyRow>(),
  );
  return results.map(toPasskey);
}

/**
 * Invalidates the token if the passkey has been removed by now, otherwise records the passkey's use and
 * signature counter. Has to be the first of the statements that the token guards.
 */
export const recordPasskeyUse = (
  db: D1Database,
  token: OneTimeToken,
  { id, counter }: { id: string; counter: number },
  now: number,
): D1PreparedStatement[] => [
  db
    .prepare(
      `DELETE FROM challenges WHERE hash = ?1
         AND NOT EXISTS (SELECT 1 FROM passkeys WHERE id = ?3 AND account = ?2)`,
    )
    .bind(token.hash, token.account, id),
  db
    .prepare(
      `UPDATE passkeys SET counter = max(counter, ?4), used_at = ?5
       WHERE id = ?3 AND account = ?2 AND ${credentialExistsSql(token, "?1", "?2")}`,
    )
    .bind(token.hash, token.account, id, counter, now),
];

/** Renames a passkey. Does nothing if the account has no such passkey, or if that is its name already. */
export async function renamePasskey(
  db: D1Database,
  account: string,
  id: string,
  name: string,
  entry: ActivityEntry,
): Promise<void> {
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: `EXISTS (SELECT 1 FROM passkeys
              WHERE account = :account AND id = :passkey AND name <> :name)`,
        values: { passkey: id, name },
      }),
      db
        .prepare("UPDATE passkeys SET name = ?3 WHERE account = ?1 AND id = ?2")
        .bind(account, id, name),
    ]),
  );
}

/** An SQL expression: whether the account has this passkey, and another passkey or a password. */
const isRemovableSql = (account: string, id: string): string =>
  `EXISTS (SELECT 1 FROM passkeys WHERE id = ${id} AND account = ${account})
   AND (EXISTS (SELECT 1 FROM passwords WHERE account = ${account})
     OR EXISTS (SELECT 1 FROM passkeys WHERE account = ${account} AND id <> ${id}))`;

/**
 * Deletes a passkey and ends all sessions of the account but one. Returns false, and changes nothing,
 * if it is the last sign-in method.
 */
export async function deletePasskey(
  db: D1Database,
  account: string,
  id: string,
  keptSessionHash: string,
  entry: ActivityEntry,
): Promise<boolean> {
  const results = await withRetry(() =>
    db.batch([
      insertActivity(db, account, entry, {
        sql: isRemovableSql(":account", ":passkey"),
        values: { passkey: id },
      }),
      db
        .prepare(
          `DELETE FROM sessions WHERE account = ?1 AND hash <> ?3 AND ${isRemovableSql("?1", "?2")}`,
        )
        .bind(account, id, keptSessionHash),
      db
        .prepare(
          `DELETE FROM passkeys WHERE account = ?1 AND id = ?2 AND ${isRemovableSql("?1", "?2")}`,
        )
        .bind(account, id),
      db.prepare("SELECT 1 FROM passkeys WHERE account = ?1 AND id = ?2").bind(account, id),
    ]),
  );
  return results.at(-1)?.results.length === 0;
}

const toPasskey = ({ transports, ...row }: PasskeyRow): Passkey => ({
  ...row,
  transports: JSON.parse(transports),
});
