/** The single use of codes and refresh tokens: of two redemptions at once, one makes the grant. */

import { withRetry } from "../../platform/retry";

/** The refresh token that a code or token is redeemed for. */
export interface Successor {
  hash: string;
  /** Key from which it was made. */
  key: string;
  /** Milliseconds since 1970. */
  expiresAt: number;
}

/** Redeems a code or token in D1, and returns what `redeemOnce` does. */
export type StoreSuccessor = (successor: Successor) => Promise<string | null>;

/**
 * Redeems a code or token by a batch of statements. The batch:
 *
 *     UPDATE the row SET successor, successor_key WHERE successor IS NULL
 *     INSERT what the row is redeemed for, if successor is this one
 *     SELECT successor_key AS key
 *
 * The successor of this redemption is in the row only if it was the first. So the batch is idempotent, and of two
 * redemptions at once both learn with which key the successor was made. Null: the row is gone.
 */
export async function redeemOnce(
  db: D1Database,
  batch: D1PreparedStatement[],
): Promise<string | null> {
  const results = await withRetry(() => db.batch<{ key: string | null }>(batch));
  return results.at(-1)?.results[0]?.key ?? null;
}
