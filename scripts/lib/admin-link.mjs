/** The set-up link for the first administrator: an invitation of which only the hash is stored. */

import { createHash, randomBytes } from "node:crypto";

const NOTE = "Set-up";
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Creates a set-up link, valid for seven days, and the SQL that stores it and deletes all earlier
 * unused ones. The statements have no parameters, so that they can be passed to wrangler.
 * @param {number} now milliseconds since 1970
 * @returns {{path: string, statements: string[]}}
 */
export function createAdminLink(now) {
  const secret = randomBytes(32).toString("base64url");
  const hash = createHash("sha256").update(secret).digest("base64url");
  return {
    path: `/set-up/${secret}`,
    statements: [
      `DELETE FROM invitations WHERE note = '${NOTE}' AND is_admin = 1 AND NOT EXISTS (SELECT 1 FROM accounts WHERE invitation = invitations.hash)`,
      `INSERT INTO invitations (hash, note, max_uses, is_admin, created_at, expires_at) VALUES ('${hash}', '${NOTE}', 1, 1, ${now}, ${now + LIFETIME_MS})`,
    ],
  };
}
