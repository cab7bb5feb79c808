/** How somebody can come in. */

import { loadWaysIn, type WaysIn } from "./ways-in-repo";

/** How many ways in an account has. */
export const waysIn = (db: D1Database, account: string): Promise<WaysIn> => loadWaysIn(db, account);
