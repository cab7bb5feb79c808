/** Personal access tokens, which users create for programs without a browser. */

import type { Account } from "../accounts/accounts";
import { insertActivity, newActivityEntry } from "../accounts/activity";
import { randomId } from "../core/secrets";
import type { Env } from "../env";
import { signAccessToken } from "./access-tokens";
import { grantExists, insertGrant } from "./db/grants";

/**
 * Creates a token with a grant of its own. The token is returned once and not stored. `expiresAt` is
 * in milliseconds since 1970; null: until it is disconnected. Returns null if the account has as many
 * grants as it may have.
 */
export async function createPersonalToken(
  env: Env,
  account: Account,
  { label, scope, expiresAt }: { label: string; scope: string; expiresAt: number | null },
  now: number,
): Promise<string | null> {
  const id = randomId();
  const claims = { account: account.id, user: account.name, grant: id, scope };
  const token = await signAccessToken(env, claims, expiresAt, now);
  const grant = {
    account: account.id,
    id,
    origin: "",
    appUrl: "",
    label,
    scope,
    flow: "token" as const,
    createdAt: now,
    expiresAt,
  };
  const entry = newActivityEntry({ kind: "token-made", app: label, scope }, now);
  const activity = insertActivity(env.DB, account.id, entry, grantExists(id));
  return (await insertGrant(env.DB, grant, [activity])) ? token : null;
}
