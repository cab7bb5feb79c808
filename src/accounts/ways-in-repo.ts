/** How many ways in an account has, in D1. */

import { askPatiently } from "../http/patience";

export interface WaysIn {
  passkeys: number;
  hasPassword: boolean;
  recoveryCodes: number;
}

/** One round trip. */
export async function loadWaysIn(db: D1Database, account: string): Promise<WaysIn> {
  const row = await askPatiently(() =>
    db
      .prepare(
        `SELECT (SELECT count(*) FROM passkeys WHERE account = ?1) AS passkeys,
                (SELECT count(*) FROM passwords WHERE account = ?1) AS passwords,
                (SELECT count(*) FROM recovery_codes WHERE account = ?1) AS recoveryCodes`,
      )
      .bind(account)
      .first<{ passkeys: number; passwords: number; recoveryCodes: number }>(),
  );
  const { passkeys = 0, passwords = 0, recoveryCodes = 0 } = row ?? {};
  return { passkeys, hasPassword: passwords > 0, recoveryCodes };
}
