/** Erases a deleted account's rows in D1 and bodies in R2: `accounts/deletion.ts`. */

import { type Env, settings } from "../env";
import { databasesPrefix, deletePageByPrefix, documentsPrefix, maxUploadMs } from "./bodies";
import { deletePageOfNodes } from "./db/erasure";
import { GRACE_PERIOD_MS } from "./versions/expiry";

/**
 * Pages of rows or bodies in one step, two calls each. One alarm of the free plan may make fifty, and the
 * uploads and modules need forty of them.
 */
const PAGES_PER_STEP = 5;

/**
 * Erases some of an account's rows and bodies. Returns whether there are more. Idempotent: a step
 * begins with what is left.
 */
export async function eraseStep(env: Env, account: string): Promise<boolean> {
  let pages = 0;
  const kinds = [
    () => deletePageOfNodes(env.DB, account),
    () => deletePageByPrefix(env.BODIES, documentsPrefix(account)),
    // The modules' objects delete the attachments that they know of. This deletes those that were
    // being written meanwhile.
    () => deletePageByPrefix(env.BODIES, databasesPrefix(account)),
  ];
  for (const deletePage of kinds) {
    do {
      if (pages++ === PAGES_PER_STEP) return true;
    } while (await deletePage());
  }
  return false;
}

/**
 * How long a request that began before an account was deleted may go on, in milliseconds: the longest
 * upload, twice because R2 does not say when it dates one, and the grace period of its body.
 */
export const longestRequestMs = (env: Env): number =>
  GRACE_PERIOD_MS + 2 * maxUploadMs(settings(env).MAX_DOCUMENT_BYTES);
