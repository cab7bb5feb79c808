/** Links by which somebody gets in again who has lost every other way. */

import { randomSecret, sha256 } from "../core/secrets";
import { DAY_MS } from "../core/time";
import type { Env } from "../env";
import { insertLink } from "./link-repo";

/** Makes a link that works once, within a day. Returns its path. */
export async function makeResetLink(env: Env, account: string, now: number): Promise<string> {
  const secret = randomSecret();
  const hash = await sha256(secret);
  await insertLink(env.DB, { hash, purpose: "reset", account, expiresAt: now + DAY_MS });
  return `/link/${secret}`;
}
