/**
 * Accounts, passwords and sessions in D1. Every write comes to the same when it is repeated, so
 * that one whose answer got lost can be asked again.
 */

import { askPatiently } from "../http/patience";

export interface Account {
  id: string;
  name: string;
}

/**
 * Makes an account with a password. False, and nothing written, if the name is taken. One batch,
 * so there is never an account that nobody can enter.
 */
export async function insertAccount(
  db: D1Database,
  account: Account,
  passwordHash: string,
  now: number,
): Promise<boolean> {
  const [, , holder] = await askPatiently(() =>
    db.batch<{ id: string }>([
      db
        .prepare(
          "INSERT INTO accounts (id, name, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )
        .bind(account.id, account.name, now),
      db
        .prepare(
          `INSERT INTO passwords (account, hash, created_at)
           SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM accounts WHERE id = ?1)
           ON CONFLICT DO NOTHING`,
        )
        .bind(account.id, passwordHash, now),
      db.prepare("SELECT id FROM accounts WHERE name = ?1").bind(account.name),
    ]),
  );
  return holder?.results[0]?.id === account.id;
}

export const loadAccount = (
  db: D1Database,
  name: string,
): Promise<(Account & { hash: string | null }) | null> =>
  askPatiently(() =>
    db
      .prepare(
        `SELECT a.id, a.name, p.hash
         FROM accounts a LEFT JOIN passwords p ON p.account = a.id
         WHERE a.name = ?1`,
      )
      .bind(name)
      .first(),
  );

/**
 * Puts a password hash in the place of another and ends all sessions of the account. False, and
 * nothing changed, if the password is not `old` any more: a batch that arrives late cannot undo
 * what came after it.
 */
export async function replacePassword(
  db: D1Database,
  account: string,
  { old, wanted }: { old: string; wanted: string },
  now: number,
): Promise<boolean> {
  const isOld = "EXISTS (SELECT 1 FROM passwords WHERE account = ?1 AND hash = ?2)";
  const [, , password] = await askPatiently(() =>
    db.batch<{ hash: string }>([
      db.prepare(`DELETE FROM sessions WHERE account = ?1 AND ${isOld}`).bind(account, old),
      db
        .prepare("UPDATE passwords SET hash = ?3, created_at = ?4 WHERE account = ?1 AND hash = ?2")
        .bind(account, old, wanted, now),
      db.prepare("SELECT hash FROM passwords WHERE account = ?1").bind(account),
    ]),
  );
  return password?.results[0]?.hash === wanted;
}

/** Starts a session, and ends the one that the browser had before. */
export async function insertSession(
  db: D1Database,
  session: { hash: string; account: string; createdAt: number; expiresAt: number },
  previousHash: string | null,
): Promise<void> {
  const { hash, account, createdAt, expiresAt } = session;
  await askPatiently(() =>
    db.batch([
      db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(previousHash),
      db
        .prepare(
          `INSERT INTO sessions (hash, account, created_at, expires_at) VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT DO NOTHING`,
        )
        .bind(hash, account, createdAt, expiresAt),
    ]),
  );
}

export const loadSession = (db: D1Database, hash: string, now: number): Promise<Account | null> =>
  askPatiently(() =>
    db
      .prepare(
        `SELECT a.id, a.name FROM sessions s JOIN accounts a ON a.id = s.account
         WHERE s.hash = ?1 AND s.expires_at > ?2`,
      )
      .bind(hash, now)
      .first(),
  );

/** No more than nothing if there is no such session. */
export async function deleteSession(db: D1Database, hash: string): Promise<void> {
  await askPatiently(() => db.prepare("DELETE FROM sessions WHERE hash = ?1").bind(hash).run());
}

export const deleteExpiredSessions = (db: D1Database, now: number): D1PreparedStatement =>
  db.prepare("DELETE FROM sessions WHERE expires_at <= ?1").bind(now);
