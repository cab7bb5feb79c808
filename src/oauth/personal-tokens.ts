/** Personal access tokens, which users create for programs that cannot ask for access. */

import type { Account } from "../accounts/accounts";
import { activityStatement } from "../accounts/activity";
import { randomId } from "../core/secrets";
import type { Env } from "../env";
import { signAccessToken } from "./access-tokens";
import { insertGrant } from "./db/grants";

/**
 * Creates a token with a grant of its own. The token is returned once and not stored. `expiresAt` is
 * in milliseconds since 1970; null: until it is disconnected.
 */
export async function createPersonalToken(
  env: Env,
  account: Account,
  { label, scope, expiresAt }: { label: string; scope: string; expiresAt: number | null },
  now: number,
): Promise<string> {
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
  const activity = activityStatement(
    env.DB,
    account.id,
    { kind: "token-made", app: label, scope },
    now,
  );
  await insertGrant(env.DB, grant, [activity]);
  return token;
}
