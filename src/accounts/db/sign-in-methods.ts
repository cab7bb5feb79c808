/** The ways in to an account in D1, all of them together. */

import { withRetry } from "../../platform/retry";
import { isGood, type Ticket } from "./one-time-tokens";

/** How somebody can come in. */
export interface WaysIn {
  passkeys: number;
  hasPassword: boolean;
  recoveryCodes: number;
  /** Confirmed, or null. */
  email: string | null;
}

/** Of an account that is there. */
export async function loadWaysIn(db: D1Database, account: string): Promise<WaysIn> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT (SELECT count(*) FROM passkeys WHERE account = ?1) AS passkeys,
           EXISTS (SELECT 1 FROM passwords WHERE account = ?1) AS hasPassword,
           (SELECT count(*) FROM recovery_codes WHERE account = ?1) AS recoveryCodes,
           (SELECT email FROM accounts WHERE id = ?1) AS email`,
      )
      .bind(account)
      .first<Omit<WaysIn, "hasPassword"> & { hasPassword: 0 | 1 }>(),
  );
  const { hasPassword, ...ways } = row ?? {
    passkeys: 0,
    hasPassword: 0,
    recoveryCodes: 0,
    email: null,
  };
  return { ...ways, hasPassword: hasPassword === 1 };
}

/** Guarded by the ticket: takes every way in from an account, and ends its sessions. */
export const deleteWaysIn = (db: D1Database, ticket: Ticket): D1PreparedStatement[] =>
  [
    ...["passwords", "passkeys", "recovery_codes", "sessions"].map(
      (table) => `DELETE FROM ${table} WHERE account = ?2`,
    ),
    "UPDATE accounts SET email = NULL WHERE id = ?2",
  ].map((sql) =>
    db.prepare(`${sql} AND ${isGood(ticket, "?1", "?2")}`).bind(ticket.hash, ticket.account),
  );
