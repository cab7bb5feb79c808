/**
 * Deleting an account, by its owner or an administrator, and all that it has.
 *
 *   deleteAccount(account), or an act of an administrator:            in the request
 *     in ONE D1 transaction: deleted_at := now; no credential, session, grant, code ... is left
 *     the objects of its modules: close what apps have open
 *     its user's object: plan := { account, round 1 }, alarm := soon     if that is lost: daily round
 *   alarm, step by step, each from what is left by then:              live/eraser.ts
 *     rows of documents and folders; bodies in R2; uploads in parts; what its modules' objects hold
 *     round 1: plan := round 2, when the longest upload there can be has ended
 *     round 2: in ONE D1 transaction: erased_at := now, and what was still written is gone,
 *              and the rows of its modules, by which their objects were found
 *              the object forgets all
 *   once a day: for accounts with deleted_at and without erased_at: plan as above, unless it is there
 *
 * Invariant: from the first transaction on nobody comes in and nothing is committed, and erased_at
 * is there only when nothing of the account is left.
 *
 * Why: whoever has been let in before that is weighed again where it counts. A session and a grant
 * are only as good as their account (`deleted_at IS NULL`), in the commit's own statement too, so a
 * request that was under way can still write a row of a session or a grant that opens nothing, or
 * put a body that no row will name. Both are gone after round 2, which such requests do not outlive.
 * The account's row stays, so that nobody else ever gets the name and what apps know of it.
 */

import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { withRetry } from "../platform/retry";
import {
  closeAccount,
  closing,
  loadAccountsToErase,
  loadIsDeleted,
  markErased,
} from "./db/deletion";

export { closing };

/** So many objects are asked in one daily round, so that its calls stay few. */
const MAX_REMINDED = 25;

/**
 * Deletes an account for its owner: when this resolves nobody comes in any more, neither person nor
 * app, and everything is going to be erased. Can be repeated. False, and nothing done, if they are the
 * last administrator. Rejects if it is not known whether the account is deleted.
 */
export async function deleteAccount(
  env: Env,
  account: { id: string; name: string },
  now: number,
): Promise<boolean> {
  const isClosed = await closeAccount(env, account.id, now);
  if (isClosed) await planErasure(env, account);
  return isClosed;
}

/** For the daily round: reminds the objects of accounts that are deleted and not erased yet. */
export async function eraseDeletedAccounts(env: Env): Promise<void> {
  const accounts = await loadAccountsToErase(env.DB, MAX_REMINDED);
  for (const account of accounts) await planErasure(env, account);
}

/** Has all of a closed account erased. What is lost here is made good by the next daily round. */
export async function planErasure(
  env: Env,
  { id, name }: { id: string; name: string },
): Promise<void> {
  try {
    await withRetry(() => env.USERS.getByName(name).erase(id));
  } catch (error) {
    logWarning("An erasure could not be planned and will be with the next daily round.", error);
  }
}

/** Whether an account may be erased. */
export const isDeleted = (env: Env, account: string): Promise<boolean> =>
  loadIsDeleted(env.DB, account);

/** Notes that all of a deleted account is erased. */
export const finishErasure = (env: Env, account: string, now: number): Promise<void> =>
  markErased(env.DB, account, now);
