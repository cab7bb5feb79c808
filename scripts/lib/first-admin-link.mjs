/** The set-up link that `npm start` prints until there is an administrator. */

import { DatabaseSync } from "node:sqlite";
import { createAdminLink } from "./admin-link.mjs";

/**
 * Creates a set-up link if the provider has no administrator. Returns its path; null if it has one.
 * @param {string} file of the index, which no runtime has open: to ask one takes a second
 */
export function createFirstAdminLink(file) {
  const database = new DatabaseSync(file);
  try {
    const administrator = database
      .prepare("SELECT 1 FROM accounts WHERE is_admin = 1 AND deleted_at IS NULL")
      .get();
    if (administrator) return null;
    const { path, statements } = createAdminLink(Date.now());
    database.exec(`BEGIN IMMEDIATE; ${statements.join("; ")}; COMMIT;`);
    return path;
  } finally {
    // Rolls back what is not committed.
    database.close();
  }
}
