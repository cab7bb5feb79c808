/** The e-mail address of an account in D1. Every write can be repeated. */

import { withRetry } from "../../platform/retry";
import type { Entry } from "../activity";
import { insertActivity } from "./activity";
import { isGood, type Ticket } from "./one-time-tokens";

/** Guarded by the ticket, the link that was sent to this address. */
export const confirmEmail = (
  db: D1Database,
  ticket: Ticket,
  email: string,
  deed: Entry,
): D1PreparedStatement[] => [
  insertActivity(db, ticket.account, deed, {
    sql: isGood(ticket, "?6", "?1"),
    values: [ticket.hash],
  }),
  db
    .prepare(`UPDATE accounts SET email = ?3 WHERE id = ?2 AND ${isGood(ticket, "?1", "?2")}`)
    .bind(ticket.hash, ticket.account, email),
];

/** Takes the address away, with the links that were sent to it or wait to confirm another. */
export async function deleteEmail(
  db: D1Database,
  account: string,
  email: string,
  deed: Entry,
): Promise<void> {
  const isThere = "(SELECT email FROM accounts WHERE id = ?1)";
  await withRetry(() =>
    db.batch([
      insertActivity(db, account, deed, { sql: `${isThere} = ?6`, values: [email] }),
      db
        .prepare(`DELETE FROM links WHERE account = ?1 AND purpose <> 'reset' AND ${isThere} = ?2`)
        .bind(account, email),
      db
        .prepare("UPDATE accounts SET email = NULL WHERE id = ?1 AND email = ?2")
        .bind(account, email),
    ]),
  );
}

/** The id and address of the account of this name; null if it has none confirmed, or may not come in. */
export const loadEmailOf = (
  db: D1Database,
  name: string,
): Promise<{ id: string; email: string } | null> =>
  withRetry(() =>
    db
      .prepare(
        `SELECT id, email FROM accounts
         WHERE name = ?1 AND email IS NOT NULL AND deleted_at IS NULL AND suspended_at IS NULL`,
      )
      .bind(name)
      .first<{ id: string; email: string }>(),
  );
