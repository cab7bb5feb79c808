/** The modules in which apps have databases, in D1. Every write comes to the same when it is repeated. */

import { withRetry } from "../platform/retry";

export interface ModuleRow {
  module: string;
  /** Of the quota, reserved by the module's object. */
  bytes: number;
}

/** The modules of an account, by name; for a batch. */
export const selectModules = (db: D1Database, account: string): D1PreparedStatement =>
  db
    .prepare("SELECT module, bytes FROM rxdb_modules WHERE account = ?1 ORDER BY module")
    .bind(account);

/** The same, asked at once. */
export async function loadModules(db: D1Database, account: string): Promise<ModuleRow[]> {
  const { results } = await withRetry(() => selectModules(db, account).all<ModuleRow>());
  return results;
}

/** The account of a user that has this module; null: nobody of that name has. */
export async function loadModuleAccount(
  db: D1Database,
  user: string,
  module: string,
): Promise<string | null> {
  const question = db
    .prepare(
      `SELECT id FROM accounts JOIN rxdb_modules ON account = id AND module = ?2
       WHERE name = ?1 AND deleted_at IS NULL`,
    )
    .bind(user, module);
  const row = await withRetry(() => question.first<{ id: string }>());
  return row?.id ?? null;
}

/** Makes the row of a module, unless its account is deleted or has as many as `most`. */
export async function insertModule(
  db: D1Database,
  account: string,
  module: string,
  limit: number,
): Promise<"open" | "closed" | "full"> {
  const [, answer] = await withRetry(() =>
    db.batch<{ isOpen: 0 | 1 }>([
      db
        .prepare(
          `INSERT INTO rxdb_modules (account, module, bytes)
           SELECT id, ?2, 0 FROM accounts
           WHERE id = ?1 AND deleted_at IS NULL
             -- First, so that they are not all counted for each app that comes in again.
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
  const row = answer?.results[0];
  if (row === undefined) return "closed";
  return row.isOpen === 1 ? "open" : "full";
}
