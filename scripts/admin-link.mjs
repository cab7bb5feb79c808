/** The link that makes the first administrator: an invitation of which only the hash is kept. */

import { createHash, randomBytes } from "node:crypto";

const NOTE = "Set-up";
const LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * A fresh link, and the statements that make it good for seven days and end all earlier ones. They
 * have no parameters, so that they can be handed to wrangler as they are.
 * @param {number} now milliseconds since 1970
 * @returns {{path: string, statements: string[]}}
 */
export function makeSetUpLink(now) {
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

/**
 * Makes a set-up link if nobody administers the provider. Returns its path, or null.
 * @param {import("@cloudflare/workers-types").D1Database} database
 */
export async function offerSetUp(database) {
  const administrator = await database
    .prepare("SELECT 1 FROM accounts WHERE is_admin = 1 AND deleted_at IS NULL")
    .first();
  if (administrator) return null;
  const { path, statements } = makeSetUpLink(Date.now());
  await database.batch(statements.map((statement) => database.prepare(statement)));
  return path;
}
