/** Requests of the authorization code flow with PKCE, refresh tokens and revocation. */

import { APP_ORIGIN, locationOf, send, submitConsent, TestApp, type TestUser } from "./provider";

export const CODE_VERIFIER = "a-verifier-of-an-app-that-is-long-enough-for-it";

/** RFC 7636 §4.2, S256. */
export async function s256Challenge(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return Buffer.from(hash).toString("base64url");
}

/** The query parameters that turn a request for a token into one for a code. */
export const codeFlowQuery = async (): Promise<Record<string, string>> => ({
  response_type: "code",
  code_challenge: await s256Challenge(CODE_VERIFIER),
  code_challenge_method: "S256",
});

/** Has a user allow the app, and returns its authorization code. */
export async function obtainCode(
  user: TestUser,
  query: Record<string, string> = {},
  fields: Record<string, string> = {},
): Promise<string> {
  const response = await submitConsent(user, { ...(await codeFlowQuery()), ...query }, fields);
  const code = new URL(locationOf(response)).searchParams.get("code");
  if (code === null) throw new Error("No code was issued.");
  return code;
}

/** Posts a form to the token endpoint, as an app on another origin does. */
export const postTokenRequest = (
  fields: Record<string, string> | URLSearchParams,
): Promise<Response> =>
  send("/oauth/token", {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Origin: APP_ORIGIN },
  });

/** Redeems a code; `fields` override those of the form. */
export const redeemCode = (code: string, fields: Record<string, string> = {}): Promise<Response> =>
  postTokenRequest({
    grant_type: "authorization_code",
    code,
    redirect_uri: `${APP_ORIGIN}/`,
    code_verifier: CODE_VERIFIER,
    ...fields,
  });

/** Exchanges a refresh token; `fields` override those of the form. */
export const refreshTokens = (
  refresh_token: string,
  fields: Record<string, string> = {},
): Promise<Response> => postTokenRequest({ grant_type: "refresh_token", refresh_token, ...fields });

/** RFC 6749 §5.1. */
export interface Tokens {
  access_token: string;
  token_type: string;
  expires_in: number;
  refresh_token: string;
  scope: string;
}

/** The tokens of a response; throws for any other response. */
export const parseTokens = async (response: Response): Promise<Tokens> => {
  if (response.status !== 200) throw new Error(`No tokens were issued: ${await response.text()}`);
  return response.json();
};

/** Goes through the whole code flow. */
export const obtainTokens = async (
  user: TestUser,
  scope = "notes:rw",
  fields: Record<string, string> = {},
): Promise<Tokens> => parseTokens(await redeemCode(await obtainCode(user, { scope }, fields)));

/** An app with these tokens. */
export const appWithTokens = (user: TestUser, tokens: Tokens): TestApp =>
  new TestApp(user.name, tokens.access_token);

/** Status and error code of an error response (RFC 6749 §5.2). */
export async function oauthError(response: Response): Promise<[number, string | undefined]> {
  const { error } = (await response.json()) as { error?: string };
  return [response.status, error];
}

/** Posts a form to the revocation endpoint (RFC 7009). */
export const revokeToken = (fields: Record<string, string>): Promise<Response> =>
  send("/oauth/revoke", {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Origin: APP_ORIGIN },
  });
