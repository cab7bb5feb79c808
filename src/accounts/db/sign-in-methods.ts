/** All sign-in methods of an account in D1. */

import { withRetry } from "../../platform/retry";
import { credentialExistsSql, type OneTimeToken } from "./one-time-tokens";

/** The ways a user can sign in to their account. */
export interface SignInMethods {
  /** The number of passkeys. */
  passkeys: number;
  hasPassword: boolean;
  /** The number of unused recovery codes. */
  recoveryCodes: number;
  /** The confirmed address, or null. */
  email: string | null;
}

/** Loads the sign-in methods of an existing account. */
export async function loadSignInMethods(db: D1Database, account: string): Promise<SignInMethods> {
  const row = await withRetry(() =>
    db
      .prepare(
        `SELECT (SELECT count(*) FROM passkeys WHERE account = ?1) AS passkeys,
           EXISTS (SELECT 1 FROM passwords WHERE account = ?1) AS hasPassword,
           (SELECT count(*) FROM recovery_codes WHERE account = ?1) AS recoveryCodes,
           (SELECT email FROM accounts WHERE id = ?1) AS email`,
      )
      .bind(account)
      .first<Omit<SignInMethods, "hasPassword"> & { hasPassword: 0 | 1 }>(),
  );
  const { hasPassword, ...methods } = row ?? {
    passkeys: 0,
    hasPassword: 0,
    recoveryCodes: 0,
    email: null,
  };
  return { ...methods, hasPassword: hasPassword === 1 };
}

/** Deletes all sign-in methods of the token's account and ends its sessions. Guarded by the token. */
export const deleteSignInMethods = (db: D1Database, token: OneTimeToken): D1PreparedStatement[] =>
  [
    ...["passwords", "passkeys", "recovery_codes", "sessions"].map(
      (table) => `DELETE FROM ${table} WHERE account = ?2`,
    ),
    "UPDATE accounts SET email = NULL WHERE id = ?2",
  ].map((sql) =>
    db
      .prepare(`${sql} AND ${credentialExistsSql(token, "?1", "?2")}`)
      .bind(token.hash, token.account),
  );
