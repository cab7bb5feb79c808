/** The end of an account. */

import type { Env } from "../env";
import { buryAccount } from "./deletion-repo";

/** Deletes an account: nobody gets in any more, from this moment on. May be repeated. */
export const deleteAccount = (env: Env, account: { id: string }, now: number): Promise<void> =>
  buryAccount(env.DB, account.id, now);
