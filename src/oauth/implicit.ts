/** The implicit grant: RFC 6749 §4.2. */

import { randomId } from "../core/secrets";
import type { Env } from "../env";
import { signAccessToken } from "./access-tokens";
import { insertGrant } from "./db/grants";
import { type Consent, recordConsent } from "./grants";

/** Makes the grant and a token that lives as long. Returns the parameters of RFC 6749 §4.2.2. */
export async function issueImplicitToken(
  env: Env,
  allowed: Consent,
  now: number,
): Promise<Record<string, string>> {
  const { account, redirectUri, scope, expiresAt } = allowed;
  const id = randomId();
  const { origin, appUrl } = redirectUri;
  const claims = { account: account.id, user: account.name, grant: id, scope };
  const access_token = await signAccessToken(env, claims, expiresAt, now);
  const grant = {
    account: account.id,
    id,
    origin,
    appUrl,
    label: null,
    scope,
    flow: "implicit" as const,
    createdAt: now,
    expiresAt,
  };
  await insertGrant(env.DB, grant, [recordConsent(env.DB, allowed, now)]);
  const answer = { access_token, token_type: "bearer", scope };
  return expiresAt === null
    ? answer
    : { ...answer, expires_in: String(Math.floor((expiresAt - now) / 1000)) };
}
