/**
 * Deletes an account and everything it has, for its user or an administrator.
 *
 *   deleteAccount(account), or an administrator's action:             in the request
 *     in ONE D1 transaction: deleted_at := now; delete all credentials, sessions, grants, codes ...
 *     each module's object: close the connections of apps
 *     the user's object: plan := { account, round 1 }, alarm := soon    if lost: the daily job
 *   alarm, step by step, each continuing with what is left:           user-object/account-erasure.ts
 *     delete rows of documents and folders, bodies in R2, multipart uploads, data of module objects
 *     round 1: plan := round 2, when the longest possible upload has ended
 *     round 2: in ONE D1 transaction: erased_at := now; delete what was written meanwhile, and the
 *              rows of its modules, by which their objects were found
 *              clear the user's object
 *   once a day: for accounts with deleted_at and without erased_at: plan as above, unless planned
 *
 * Invariant: from the first transaction on, nobody can sign in and nothing is committed; and erased_at
 * is set only when nothing of the account is left.
 *
 * Why: requests that were let in before are checked again where it matters. A session and a grant
 * count only if their account does (`deleted_at IS NULL`), in the statement of the commit too. So a
 * request in flight can at most write a row of a session or a grant that opens nothing, or put a body
 * that no row will name. Round 2 deletes both, and no such request lasts until then. The account's row
 * is kept, so that nobody else ever gets the name, and with it what apps associate with it.
 */

import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { withRetry } from "../platform/retry";
import {
  closeAccount,
  closeAccountStatements,
  isAccountDeleted,
  loadAccountsToErase,
  markErased,
} from "./db/deletion";

export { closeAccountStatements, isAccountDeleted, markErased };

/** The most erasures that one daily job resumes, to limit its calls. */
const MAX_RESUMED_ERASURES = 25;

/**
 * Deletes an account for its user: once this resolves, no browser and no app has access any more, and
 * all data is going to be erased. Idempotent. Returns false, and does nothing, for the last
 * administrator. Rejects if it is not known whether the account is deleted.
 */
export async function deleteAccount(
  env: Env,
  account: { id: string; name: string },
  now: number,
): Promise<boolean> {
  const isClosed = await closeAccount(env, account.id, now);
  if (isClosed) await scheduleErasure(env, account);
  return isClosed;
}

/** For the daily job: schedules the erasure of accounts that are deleted but not erased yet. */
export async function resumeErasures(env: Env): Promise<void> {
  const accounts = await loadAccountsToErase(env.DB, MAX_RESUMED_ERASURES);
  for (const account of accounts) await scheduleErasure(env, account);
}

/** Schedules the erasure of a closed account. Never rejects: the daily job makes up for a failure. */
export async function scheduleErasure(
  env: Env,
  { id, name }: { id: string; name: string },
): Promise<void> {
  try {
    await withRetry(() => env.USERS.getByName(name).erase(id));
  } catch (error) {
    logWarning("An erasure could not be scheduled; the daily job will try again.", error);
  }
}
