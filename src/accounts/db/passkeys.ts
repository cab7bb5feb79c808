/** Passkeys in D1. Every write comes to the same when it is repeated. */

import { withRetry } from "../../platform/retry";
import type { Entry } from "../activity";
import type { Account, AccountRow } from "./accounts";
import { insertActivity } from "./activity";
import { isGood, spendTicket, type Ticket } from "./one-time-tokens";

/** A passkey as its browser has just made it. */
export interface NewPasskey {
  /** Of the credential, base64url. */
  id: string;
  /** COSE, base64url. */
  publicKey: string;
  counter: number;
  transports: string[];
  /** As its owner calls it. */
  name: string;
}

/** A passkey as it stands in its row. Times are milliseconds since 1970. */
export interface Passkey extends NewPasskey {
  createdAt: number;
  usedAt: number | null;
}

type PasskeyRow = Omit<Passkey, "transports"> & { transports: string };

const COLUMNS = `p.id, p.public_key AS publicKey, p.counter, p.transports, p.name AS name,
  p.created_at AS createdAt, p.used_at AS usedAt`;

const INSERT = `INSERT INTO passkeys (id, account, public_key, counter, transports, name, created_at)
  SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7`;

const valuesOf = (account: string, passkey: NewPasskey, now: number) => [
  passkey.id,
  account,
  passkey.publicKey,
  passkey.counter,
  JSON.stringify(passkey.transports),
  passkey.name,
  now,
];

/** Gives a new account its passkey; for `insertAccount`. */
export const insertPasskey = (
  db: D1Database,
  account: string,
  passkey: NewPasskey,
  now: number,
): D1PreparedStatement =>
  db
    .prepare(`${INSERT} WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?2) ON CONFLICT DO NOTHING`)
    .bind(...valuesOf(account, passkey, now));

/** Gives an account one more. False if the challenge was used, or somebody has this passkey. */
export async function addPasskey(
  db: D1Database,
  ticket: Ticket,
  passkey: NewPasskey,
  deed: Entry,
): Promise<boolean> {
  const { account, hash } = ticket;
  const answers = await withRetry(() =>
    db.batch([
      db
        .prepare(`${INSERT} WHERE ${isGood(ticket, "?8", "?2")} ON CONFLICT DO NOTHING`)
        .bind(...valuesOf(account, passkey, deed.at), hash),
      insertActivity(db, account, deed, {
        sql: `${isGood(ticket, "?6", "?1")}
          AND EXISTS (SELECT 1 FROM passkeys WHERE id = ?7 AND account = ?1)`,
        values: [hash, passkey.id],
      }),
      spendTicket(db, ticket),
      db.prepare("SELECT 1 FROM passkeys WHERE id = ?1 AND account = ?2").bind(passkey.id, account),
    ]),
  );
  return answers.at(-1)?.results.length === 1;
}

/** A passkey by the id of its credential, of an account that was not deleted. */
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
    passkey: passkeyOf(passkey),
    account: { id: account, name: user, isAdmin: isAdmin === 1 },
    isSuspended: suspendedAt !== null,
  };
}

/** All passkeys of an account, the oldest first. */
export async function listPasskeys(db: D1Database, account: string): Promise<Passkey[]> {
  const { results } = await withRetry(() =>
    db
      .prepare(`SELECT ${COLUMNS} FROM passkeys p WHERE p.account = ?1 ORDER BY p.created_at, p.id`)
      .bind(account)
      .all<PasskeyRow>(),
  );
  return results.map(passkeyOf);
}

/**
 * Guarded by the ticket, and before all else that is: voids it if the passkey is gone by now, or
 * writes that the passkey was used, and how often it says that it was.
 */
export const notePasskeyUse = (
  db: D1Database,
  ticket: Ticket,
  { id, counter }: { id: string; counter: number },
  now: number,
): D1PreparedStatement[] => [
  db
    .prepare(
      `DELETE FROM challenges WHERE hash = ?1
         AND NOT EXISTS (SELECT 1 FROM passkeys WHERE id = ?3 AND account = ?2)`,
    )
    .bind(ticket.hash, ticket.account, id),
  db
    .prepare(
      `UPDATE passkeys SET counter = max(counter, ?4), used_at = ?5
       WHERE id = ?3 AND account = ?2 AND ${isGood(ticket, "?1", "?2")}`,
    )
    .bind(ticket.hash, ticket.account, id, counter, now),
];

/** Does nothing if the account has no such passkey, or that is its name already. */
export async function renamePasskey(
  db: D1Database,
  account: string,
  id: string,
  name: string,
  deed: Entry,
): Promise<void> {
  const isOther = "EXISTS (SELECT 1 FROM passkeys WHERE account = ?1 AND id = ?6 AND name <> ?7)";
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: isOther, values: [id, name] }),
      db
        .prepare("UPDATE passkeys SET name = ?3 WHERE account = ?1 AND id = ?2")
        .bind(account, id, name),
    ]),
  );
}

/** In SQL: whether account ?1 has this passkey, which is not its last way in. */
const isSpare = (id: string): string =>
  `EXISTS (SELECT 1 FROM passkeys WHERE id = ${id} AND account = ?1)
   AND (EXISTS (SELECT 1 FROM passwords WHERE account = ?1)
     OR EXISTS (SELECT 1 FROM passkeys WHERE account = ?1 AND id <> ${id}))`;

/** Ends all sessions but one, too. False, and nothing changed, if it is the last way in. */
export async function deletePasskey(
  db: D1Database,
  account: string,
  id: string,
  keptSession: string,
  deed: Entry,
): Promise<boolean> {
  const answers = await withRetry(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: isSpare("?6"), values: [id] }),
      db
        .prepare(`DELETE FROM sessions WHERE account = ?1 AND hash <> ?3 AND ${isSpare("?2")}`)
        .bind(account, id, keptSession),
      db
        .prepare(`DELETE FROM passkeys WHERE account = ?1 AND id = ?2 AND ${isSpare("?2")}`)
        .bind(account, id),
      db.prepare("SELECT 1 FROM passkeys WHERE account = ?1 AND id = ?2").bind(account, id),
    ]),
  );
  return answers.at(-1)?.results.length === 0;
}

const passkeyOf = ({ transports, ...row }: PasskeyRow): Passkey => ({
  ...row,
  transports: JSON.parse(transports),
});
