/** One-time links in D1, as hashes of their secrets. */

import { withRetry } from "../../platform/retry";
import type { Account, AccountRow } from "./accounts";
import { credentialExistsSql, type OneTimeToken } from "./one-time-tokens";

/** What a link does: see `accounts/links.ts`. */
type LinkPurpose = "reset" | "recover" | "email";

/** A link that works once. */
export interface OneTimeLink {
  hash: string;
  purpose: LinkPurpose;
  account: Account;
  email: string | null;
  isSuspended: boolean;
}

/** Valid links of one purpose that an account may have at a time: each of them is an email. */
const MAX_LINKS_PER_PURPOSE = 3;

/**
 * Inserts a link. Idempotent: the hash has to be new. Returns false, and writes nothing, if the account
 * has as many links of this purpose as it may have; reset links are not limited.
 */
export async function insertLink(
  db: D1Database,
  link: { hash: string; purpose: LinkPurpose; account: string; email: string | null },
  expiresAt: number,
  now: number,
): Promise<boolean> {
  const { hash, purpose, account, email } = link;
  const results = await withRetry(() =>
    db.batch([
      db.prepare("DELETE FROM links WHERE account = ?1 AND expires_at <= ?2").bind(account, now),
      db
        .prepare(
          `INSERT INTO links (hash, purpose, account, email, expires_at)
           SELECT ?1, ?2, ?3, ?4, ?5
           WHERE ?2 = 'reset' OR (SELECT count(*) FROM links
             WHERE account = ?3 AND purpose = ?2) < ${MAX_LINKS_PER_PURPOSE}
           ON CONFLICT DO NOTHING`,
        )
        .bind(hash, purpose, account, email, expiresAt),
      db.prepare("SELECT 1 FROM links WHERE hash = ?1").bind(hash),
    ]),
  );
  return results.at(-1)?.results.length === 1;
}

/** Loads a link. Returns null if there is none, if it has expired, or if its account is deleted. */
export async function loadLink(
  db: D1Database,
  hash: string,
  now: number,
): Promise<OneTimeLink | null> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT l.hash, l.purpose, l.email, a.id, a.name, a.is_admin AS isAdmin,
           a.suspended_at AS suspendedAt
         FROM links l JOIN accounts a ON a.id = l.account
         WHERE l.hash = ?1 AND l.expires_at > ?2 AND a.deleted_at IS NULL`,
      )
      .bind(hash, now)
      .first<AccountRow & Omit<OneTimeLink, "account"> & { suspendedAt: number | null }>(),
  );
  if (row === null) return null;
  const { id, name, isAdmin, purpose, email, suspendedAt } = row;
  const account = { id, name, isAdmin: isAdmin === 1 };
  return { hash, purpose, account, email, isSuspended: suspendedAt !== null };
}

/** Deletes the account's other links of this purpose (null: of any). Guarded by the token. */
export const deleteOtherLinks = (
  db: D1Database,
  token: OneTimeToken,
  purpose: LinkPurpose | null,
): D1PreparedStatement =>
  db
    .prepare(
      `DELETE FROM links WHERE account = ?2 AND hash <> ?1 AND (?3 IS NULL OR purpose = ?3)
         AND ${credentialExistsSql(token, "?1", "?2")}`,
    )
    .bind(token.hash, token.account, purpose);
