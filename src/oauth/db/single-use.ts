/** The single use of codes and refresh tokens: of two redemptions at once, one makes the grant. */

import { withRetry } from "../../platform/retry";

/**
 * Redeems a code or token by a batch of statements. The batch:
 *
 *     UPDATE the row SET successor = <hash> WHERE successor IS NULL
 *     INSERT what the row is redeemed for, if successor = <hash>
 *     SELECT successor
 *
 * `hash`, that of a refresh token which is derived from the code or token, is in the row only if this
 * redemption was the first, or an equal one. So the batch is idempotent, and of two equal redemptions at
 * once both succeed. Returns false if another one was first; then nothing was written.
 */
export async function redeemOnce(
  db: D1Database,
  hash: string,
  batch: D1PreparedStatement[],
): Promise<boolean> {
  const results = await withRetry(() => db.batch<{ successor: string | null }>(batch));
  return results.at(-1)?.results[0]?.successor === hash;
}
