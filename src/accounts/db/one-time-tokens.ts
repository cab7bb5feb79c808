/**
 * What works once, in D1: challenges, links, recovery codes. Every statement of the batch that uses
 * one is guarded by it, and the last deletes it: the batch has its effect once, whoever repeats it
 * and however late it arrives, and its outcome is read back after that. A password guards a batch in
 * the same way, and stays.
 */

import { withRetry } from "../../platform/retry";
import type { Account, AccountRow } from "./accounts";

/** What somebody has come with, as it was weighed, and the account that it opens. */
export interface Key {
  table: "passwords" | "challenges" | "links" | "recovery_codes";
  hash: string;
  account: string;
}

/** A key that works once. */
export type Ticket = Key & { table: Exclude<Key["table"], "passwords"> };

/** In SQL, whether a key is still good; `hash` and `account` are parameters such as "?1". */
export const isGood = ({ table }: Key, hash: string, account: string): string =>
  table === "challenges"
    ? `EXISTS (SELECT 1 FROM challenges WHERE hash = ${hash} AND coalesce(account, ${account}) = ${account})`
    : `EXISTS (SELECT 1 FROM ${table} WHERE hash = ${hash} AND account = ${account})`;

/** The last statement of a batch that uses a ticket. */
export const spendTicket = (db: D1Database, ticket: Ticket): D1PreparedStatement =>
  db
    .prepare(`DELETE FROM ${ticket.table} WHERE hash = ?1 AND ${isGood(ticket, "?1", "?2")}`)
    .bind(ticket.hash, ticket.account);

/** The same for whatever somebody has come with. */
export const spendKey = (db: D1Database, key: Key): D1PreparedStatement[] =>
  isTicket(key) ? [spendTicket(db, key)] : [];

const isTicket = (key: Key): key is Ticket => key.table !== "passwords";

/** A challenge that a passkey has to sign. */
export interface Challenge {
  hash: string;
  purpose: "sign-up" | "add" | "sign-in";
  /** Who makes a passkey or proves who they are; null for a sign-in, which may be anybody's. */
  account: string | null;
  /** The name that a sign-up has asked for. */
  name: string | null;
}

/** Its hash has to be fresh. */
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

/** Null if there is none of this purpose, or not any more. */
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

/** Uses a ticket for its consequences alone, which are guarded by it. */
export async function redeemTicket(
  db: D1Database,
  ticket: Ticket,
  alsoDo: D1PreparedStatement[],
): Promise<void> {
  await withRetry(() => db.batch([...alsoDo, spendTicket(db, ticket)]));
}

/** What a link does: `accounts/links.ts`. */
type LinkPurpose = "reset" | "recover" | "email";

/** A link that works once. */
export interface Link {
  hash: string;
  purpose: LinkPurpose;
  account: Account;
  email: string | null;
  isSuspended: boolean;
}

/** Links of one purpose that an account may have at a time: each of them is a mail. */
const MAX_LINKS = 3;

/** Its hash has to be fresh. False if there are so many of this purpose that there is no other. */
export async function insertLink(
  db: D1Database,
  link: { hash: string; purpose: LinkPurpose; account: string; email: string | null },
  expiresAt: number,
  now: number,
): Promise<boolean> {
  const { hash, purpose, account, email } = link;
  const [, found] = await withRetry(() =>
    db.batch([
      db
        .prepare(
          `INSERT INTO links (hash, purpose, account, email, expires_at)
           SELECT ?1, ?2, ?3, ?4, ?5
           WHERE ?2 = 'reset' OR (SELECT count(*) FROM links
             WHERE account = ?3 AND purpose = ?2 AND expires_at > ?6) < ${MAX_LINKS}
           ON CONFLICT DO NOTHING`,
        )
        .bind(hash, purpose, account, email, expiresAt, now),
      db.prepare("SELECT 1 FROM links WHERE hash = ?1").bind(hash),
    ]),
  );
  return found?.results.length === 1;
}

/** Null if there is none, or not any more, or its account is gone. */
export async function loadLink(db: D1Database, hash: string, now: number): Promise<Link | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT l.hash, l.purpose, l.email, a.id, a.name, a.is_admin AS isAdmin,
           a.suspended_at AS suspendedAt
         FROM links l JOIN accounts a ON a.id = l.account
         WHERE l.hash = ?1 AND l.expires_at > ?2 AND a.deleted_at IS NULL`,
      )
      .bind(hash, now)
      .first<AccountRow & Omit<Link, "account"> & { suspendedAt: number | null }>(),
  );
  if (row === null) return null;
  const { id, name, isAdmin, purpose, email, suspendedAt } = row;
  const account = { id, name, isAdmin: isAdmin === 1 };
  return { hash, purpose, account, email, isSuspended: suspendedAt !== null };
}

/** Guarded by the ticket: other links of an account, which are not to work beside or after it. */
export const deleteOtherLinks = (
  db: D1Database,
  ticket: Ticket,
  purpose: LinkPurpose | null,
): D1PreparedStatement =>
  db
    .prepare(
      `DELETE FROM links WHERE account = ?2 AND hash <> ?1 AND (?3 IS NULL OR purpose = ?3)
         AND ${isGood(ticket, "?1", "?2")}`,
    )
    .bind(ticket.hash, ticket.account, purpose);

export const deleteExpiredTickets = (db: D1Database, now: number): D1PreparedStatement[] =>
  ["challenges", "links"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE expires_at <= ?1`).bind(now),
  );
