/** The implicit grant: RFC 6749 §4.2. */

import { randomId } from "../../core/secrets";
import type { Env } from "../../env";
import { signAccessToken } from "../access-tokens";
import { type Consent, consentActivity } from "../consent";
import { grantExists, insertGrant } from "../db/grants";

/**
 * Creates a grant and an access token that expires with it. Returns the parameters of the response
 * (RFC 6749 §4.2.2); null if the account has as many grants as it may have.
 */
export async function issueImplicitToken(
  env: Env,
  consent: Consent,
  now: number,
): Promise<Record<string, string> | null> {
  const { account, app, scope, expiresAt, browser } = consent;
  const id = randomId();
  const claims = { account: account.id, user: account.name, grant: id, scope };
  const access_token = await signAccessToken(env, claims, expiresAt, now);
  const grant = {
    account: account.id,
    id,
    origin: app.origin,
    appUrl: app.url,
    label: app.label,
    scope,
    flow: "implicit" as const,
    createdAt: now,
    expiresAt,
    browser,
  };
  const activity = consentActivity(env.DB, consent, grantExists(id), now);
  if (!(await insertGrant(env.DB, grant, [activity]))) return null;
  const parameters = { access_token, token_type: "bearer", scope };
  return expiresAt === null
    ? parameters
    : { ...parameters, expires_in: String(Math.floor((expiresAt - now) / 1000)) };
}
