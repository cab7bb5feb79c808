/** The table `rxdb_modules` in D1. Writes are idempotent. */

import { withRetry } from "../platform/retry";

/** A module of an account. */
export interface ModuleRow {
  module: string;
  /** Bytes of the quota that the module's object has reserved. */
  bytes: number;
}

/** Selects the modules of an account, by name; for a batch. */
export const selectModules = (db: D1Database, account: string): D1PreparedStatement =>
  db
    .prepare("SELECT module, bytes FROM rxdb_modules WHERE account = ?1 ORDER BY module")
    .bind(account);

/** Selects the user's name of an account, by which its object is found; for a batch. */
export const selectUserName = (db: D1Database, account: string): D1PreparedStatement =>
  db.prepare("SELECT name FROM accounts WHERE id = ?1").bind(account);

/** Loads the modules of an account, by name. */
export async function loadModules(db: D1Database, account: string): Promise<ModuleRow[]> {
  const { results } = await withRetry(() => selectModules(db, account).all<ModuleRow>());
  return results;
}

/** Loads the id of the user's account if it has this module; returns null otherwise. */
export async function loadModuleAccount(
  db: D1Database,
  user: string,
  module: string,
): Promise<string | null> {
  const statement = db
    .prepare(
      `SELECT id FROM accounts JOIN rxdb_modules ON account = id AND module = ?2
       WHERE name = ?1 AND deleted_at IS NULL`,
    )
    .bind(user, module);
  const row = await withRetry(() => statement.first<{ id: string }>());
  return row?.id ?? null;
}

/** An account, also a deleted one, and whether it has a module. */
export interface ModuleOwner {
  user: string;
  isDeleted: 0 | 1;
  hasModule: 0 | 1;
}

/** Loads what is known of an account and a module; returns null if there never was such an account. */
export async function loadModuleOwner(
  db: D1Database,
  account: string,
  module: string,
): Promise<ModuleOwner | null> {
  const statement = db
    .prepare(
      `SELECT name AS user, deleted_at IS NOT NULL AS isDeleted,
         EXISTS (SELECT 1 FROM rxdb_modules WHERE account = ?1 AND module = ?2) AS hasModule
       FROM accounts WHERE id = ?1`,
    )
    .bind(account, module);
  return withRetry(() => statement.first<ModuleOwner>());
}

/** Inserts the row of a module, unless the account is deleted or already has `limit` modules. */
export async function insertModule(
  db: D1Database,
  account: string,
  module: string,
  limit: number,
): Promise<"open" | "closed" | "full"> {
  const [, result] = await withRetry(() =>
    db.batch<{ isOpen: 0 | 1 }>([
      db
        .prepare(
          `INSERT INTO rxdb_modules (account, module, bytes)
           SELECT id, ?2, 0 FROM accounts
           WHERE id = ?1 AND deleted_at IS NULL
             -- First, so that reconnecting apps do not count all modules.
             AND NOT EXISTS (SELECT 1 FROM rxdb_modules WHERE account = ?1 AND module = ?2)
             AND (SELECT count(*) FROM rxdb_modules WHERE account = ?1) < ?3
           ON CONFLICT DO NOTHING`,
        )
        .bind(account, module, limit),
      db
        .prepare(
          `SELECT EXISTS (SELECT 1 FROM rxdb_modules WHERE account = ?1 AND module = ?2) AS isOpen
           FROM accounts WHERE id = ?1 AND deleted_at IS NULL`,
        )
        .bind(account, module),
    ]),
  );
  const row = result?.results[0];
  if (row === undefined) return "closed";
  return row.isOpen === 1 ? "open" : "full";
}
