/** Erasing what an account that is deleted has in D1 and R2: `accounts/deletion.ts`. */

import { type Env, settings } from "../env";
import { dropSomeBodiesOf, dropSomeOfDatabases, uploadTimeMs } from "./bodies";
import { dropSomeNodes } from "./db/erasure";
import { GRACE_MS } from "./sweep";

/** Pages of rows or bodies in one step: a few dozen calls, as the free plan allows. */
const PAGES_PER_STEP = 10;

/**
 * Erases some of the rows and bodies of an account. Returns whether there are more. A step can be
 * repeated, and begins with what is left.
 */
export async function eraseSome(env: Env, account: string): Promise<boolean> {
  let pages = 0;
  const kinds = [
    () => dropSomeNodes(env.DB, account),
    () => dropSomeBodiesOf(env.BODIES, account),
    // Their objects delete what they know of; this is what they were just about to.
    () => dropSomeOfDatabases(env.BODIES, account),
  ];
  for (const eraseSomeOfKind of kinds) {
    do {
      if (pages++ === PAGES_PER_STEP) return true;
    } while (await eraseSomeOfKind());
  }
  return false;
}

/**
 * How long a request that was let in before an account was deleted may still be there, milliseconds:
 * the longest upload, of which R2 does not say whether it counts its parts, and the time that it is
 * left in peace.
 */
export const longestRequestMs = (env: Env): number =>
  GRACE_MS + 2 * uploadTimeMs(settings(env).MAX_DOCUMENT_BYTES);
