/** The code flow with PKCE, step by step. */

import { APP_ORIGIN, send, submitConsent, TestApp, type TestUser } from "./provider";

export const VERIFIER = "a-verifier-of-an-app-that-is-long-enough-for-it";

/** RFC 7636 §4.2, S256. */
export async function challengeOf(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return Buffer.from(hash).toString("base64url");
}

/** What a request for a code has beyond one for a token. */
export const codeQuery = async (): Promise<Record<string, string>> => ({
  response_type: "code",
  code_challenge: await challengeOf(VERIFIER),
  code_challenge_method: "S256",
});

/** The code that the app gets when the person allows it. */
export async function allowCode(
  person: TestUser,
  query: Record<string, string> = {},
  fields: Record<string, string> = {},
): Promise<string> {
  const response = await submitConsent(person, { ...(await codeQuery()), ...query }, fields);
  const code = new URL(response.headers.get("location") ?? "").searchParams.get("code");
  if (code === null) throw new Error("No code was given.");
  return code;
}

/** A form for the token endpoint, as an app on another origin sends it. */
export const askForTokens = (fields: Record<string, string> | URLSearchParams): Promise<Response> =>
  send("/oauth/token", {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Origin: APP_ORIGIN },
  });

/** Redeems a code; `fields` change the form. */
export const redeem = (code: string, fields: Record<string, string> = {}): Promise<Response> =>
  askForTokens({
    grant_type: "authorization_code",
    code,
    redirect_uri: `${APP_ORIGIN}/`,
    code_verifier: VERIFIER,
    ...fields,
  });

export const refresh = (
  refresh_token: string,
  fields: Record<string, string> = {},
): Promise<Response> => askForTokens({ grant_type: "refresh_token", refresh_token, ...fields });

export interface Tokens {
  access_token: string;
  token_type: string;
  expires_in: number;
  refresh_token: string;
  scope: string;
}

export const tokensIn = async (response: Response): Promise<Tokens> => {
  if (response.status !== 200) throw new Error(`No tokens: ${await response.text()}`);
  return response.json();
};

/** Tokens by the whole code flow. */
export const tokensOf = async (
  person: TestUser,
  scope = "notes:rw",
  fields: Record<string, string> = {},
): Promise<Tokens> => tokensIn(await redeem(await allowCode(person, { scope }, fields)));

/** The app that holds these tokens. */
export const appWith = (person: TestUser, tokens: Tokens): TestApp =>
  new TestApp(person.name, tokens.access_token);

/** Status and error code of a refusal of the token endpoint. */
export async function oauthError(response: Response): Promise<[number, string | undefined]> {
  const { error } = (await response.json()) as { error?: string };
  return [response.status, error];
}

/** Gives a token back: RFC 7009. */
export const revoke = (fields: Record<string, string>): Promise<Response> =>
  send("/oauth/revoke", {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Origin: APP_ORIGIN },
  });
