/**
 * One-time tokens in D1: challenges, links and recovery codes, each of which works once.
 *
 *   in ONE D1 transaction:
 *     each effect, only if the token's row exists      (`credentialExistsSql`)
 *     delete the token's row                           (`consumeOneTimeToken`), last
 *   then read the outcome back
 *
 * So the batch has its effects once, no matter how often it is repeated or how late it arrives. A
 * password guards a batch in the same way, but is not deleted.
 */

import { withRetry } from "../../platform/retry";
import type { ActivityCondition } from "./activity";

/** What a user has authenticated with, after it was checked, and the account it belongs to. */
export interface Credential {
  table: "passwords" | "challenges" | "links" | "recovery_codes";
  hash: string;
  account: string;
}

/** A credential that works once. */
export type OneTimeToken = Credential & { table: Exclude<Credential["table"], "passwords"> };

/**
 * An SQL expression: whether a credential is still valid. `hash` and `account` are the parameters its
 * values are bound to, such as "?1". A challenge of a sign-in belongs to no account yet.
 */
export const credentialExistsSql = (
  { table }: Credential,
  hash: string,
  account: string,
): string =>
  table === "challenges"
    ? `EXISTS (SELECT 1 FROM challenges WHERE hash = ${hash} AND coalesce(account, ${account}) = ${account})`
    : `EXISTS (SELECT 1 FROM ${table} WHERE hash = ${hash} AND account = ${account})`;

/** For an activity entry of the credential's account: whether the credential is still valid. */
export const credentialExists = (credential: Credential): ActivityCondition => ({
  sql: credentialExistsSql(credential, ":credential", ":account"),
  values: { credential: credential.hash },
});

/** Deletes a one-time token: the last statement of a batch that it guards. */
export const consumeOneTimeToken = (db: D1Database, token: OneTimeToken): D1PreparedStatement =>
  db
    .prepare(
      `DELETE FROM ${token.table} WHERE hash = ?1 AND ${credentialExistsSql(token, "?1", "?2")}`,
    )
    .bind(token.hash, token.account);

/** Deletes any other credential than a password: the last statements of a batch that it guards. */
export const consumeCredential = (db: D1Database, credential: Credential): D1PreparedStatement[] =>
  isOneTimeToken(credential) ? [consumeOneTimeToken(db, credential)] : [];

const isOneTimeToken = (credential: Credential): credential is OneTimeToken =>
  credential.table !== "passwords";

/** Consumes a one-time token for `effects`, which have to be guarded by it, without a sign-in. */
export async function redeemOneTimeToken(
  db: D1Database,
  token: OneTimeToken,
  effects: D1PreparedStatement[],
): Promise<void> {
  await withRetry(() => db.batch([...effects, consumeOneTimeToken(db, token)]));
}

/** Deletes expired challenges and links; recovery codes do not expire. */
export const deleteExpiredOneTimeTokens = (db: D1Database, now: number): D1PreparedStatement[] =>
  ["challenges", "links"].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE expires_at <= ?1`).bind(now),
  );
