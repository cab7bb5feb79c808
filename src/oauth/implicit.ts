/** The implicit grant: RFC 6749 §4.2. */

import { randomId } from "../core/secrets";
import type { Env } from "../env";
import { insertGrant } from "./grant-repo";
import type { Allowed } from "./grants";
import { signAccessToken } from "./tokens";

/** Makes the grant and a token that lives as long. Returns the parameters of RFC 6749 §4.2.2. */
export async function issueToken(
  env: Env,
  { account, redirectUri, scope, expiresAt }: Allowed,
  now: number,
): Promise<Record<string, string>> {
  const id = randomId();
  const { origin, appUrl } = redirectUri;
  const flow = "implicit" as const;
  const claims = { account: account.id, user: account.name, grant: id, scope };
  const access_token = await signAccessToken(env, claims, expiresAt, now);
  await insertGrant(env.DB, {
    account: account.id,
    id,
    origin,
    appUrl,
    scope,
    flow,
    createdAt: now,
    expiresAt,
  });
  const answer = { access_token, token_type: "bearer", scope };
  return expiresAt === null
    ? answer
    : { ...answer, expires_in: String(Math.floor((expiresAt - now) / 1000)) };
}
