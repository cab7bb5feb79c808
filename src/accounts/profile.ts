/** What the provider keeps about a person. */

import { loadProfile, type Profile } from "./db/profile";

export type { Profile };

/** What stands in the row of an account, and its personal domains. */
export const readProfile = (db: D1Database, account: string): Promise<Profile> =>
  loadProfile(db, account);
