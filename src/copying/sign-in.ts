/** Signing in at the old server: the authorization request, and its tokens (RFC 6749, RFC 7636). */

import type { Discovery } from "../../transfer/discover.js";
import { discoverStorage } from "../../transfer/discover.js";
import { TransferError } from "../../transfer/requests.js";
import { readBytes } from "../../transfer/streams.js";
import { randomSecret, sha256 } from "../core/secrets";
import type { GuardedFetch } from "./guarded-fetch";
import type { MoveRequest, OldCredential, PendingSignIn } from "./move-in";

/** Read access to everything: documents are copied, and nothing is changed over there. */
const SCOPE = "*:r";

/** From the start of the sign-in to the return of the browser. */
const SIGN_IN_MS = 60 * 60 * 1000;

const MAX_TOKEN_RESPONSE_BYTES = 64 * 1024;

/** Tokens are opaque (RFC 6749 §1.4), but must fit into a header. */
const TOKEN_PATTERN = /^[\x21-\x7e]{1,8192}$/;

/** Finds the storage of an address. Rejects with a TransferError, or with the reason of the signal that ends it. */
export const findOldStorage = (
  address: string,
  fetch: GuardedFetch,
  signal: AbortSignal,
): Promise<Discovery> => discoverStorage(address, { fetch, signal });

/**
 * Prepares a sign-in at the old server: what has to be remembered, and where to send the browser. Null if
 * the server has no dialog. The code grant is preferred where the server has it with PKCE.
 */
export async function prepareSignIn(
  found: Discovery,
  request: MoveRequest,
  { session, redirectUri }: Pick<PendingSignIn, "session" | "redirectUri">,
  now: number,
): Promise<{ pending: PendingSignIn; url: string } | null> {
  const { codeEndpoint, tokenEndpoint, authorizationEndpoint } = found;
  const hasCode = codeEndpoint !== null && tokenEndpoint !== null;
  const endpoint = hasCode ? codeEndpoint : authorizationEndpoint;
  if (endpoint === null) return null;
  const code = hasCode ? { verifier: randomSecret(), tokenEndpoint } : null;
  const state = randomSecret();
  const expiresAt = now + SIGN_IN_MS;
  const pending = { ...request, state, session, redirectUri, code, expiresAt };
  const url = new URL(endpoint);
  const parameters = {
    response_type: code ? "code" : "token",
    client_id: request.clientId,
    redirect_uri: redirectUri,
    scope: SCOPE,
    state,
    ...(code && {
      code_challenge: await sha256(code.verifier),
      code_challenge_method: "S256",
    }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { pending, url: url.href };
}

/** The credential of a token that the user, or the fragment of a redirect, has brought; null: it is none. */
export const credentialOf = (token: string): OldCredential | null =>
  TOKEN_PATTERN.test(token) ? { token, expiresAt: null, refresh: null } : null;

/** Exchanges an authorization code. Rejects with a TransferError. */
export const requestTokenByCode = (
  { clientId, redirectUri }: PendingSignIn,
  { verifier, tokenEndpoint }: NonNullable<PendingSignIn["code"]>,
  code: string,
  fetch: GuardedFetch,
  now: number,
): Promise<OldCredential> =>
  requestToken(
    tokenEndpoint,
    {
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: verifier,
    },
    fetch,
    now,
  );

/** Renews a token. Rejects with a TransferError; `refused`: the server does not want to. */
export async function renewCredential(
  { token, endpoint }: NonNullable<OldCredential["refresh"]>,
  clientId: string,
  fetch: GuardedFetch,
  now: number,
): Promise<OldCredential> {
  const form = { grant_type: "refresh_token", refresh_token: token, client_id: clientId };
  const renewed = await requestToken(endpoint, form, fetch, now);
  // RFC 6749 §6: without a new refresh token, the old one stays.
  return { ...renewed, refresh: renewed.refresh ?? { token, endpoint } };
}

async function requestToken(
  endpoint: string,
  form: Record<string, string>,
  fetch: GuardedFetch,
  now: number,
): Promise<OldCredential> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
    redirect: "manual",
  });
  const bytes = await readBytes(response.body, MAX_TOKEN_RESPONSE_BYTES);
  const body = parseObject(new TextDecoder().decode(bytes));
  const credential = credentialOf(String(body.access_token ?? ""));
  if (!response.ok || credential === null) {
    const { host } = new URL(endpoint);
    throw new TransferError("refused", `${host} gives no token.`, { status: response.status });
  }
  const seconds = Number(body.expires_in);
  const refresh = credentialOf(String(body.refresh_token ?? ""));
  return {
    ...credential,
    expiresAt: seconds > 0 ? now + seconds * 1000 : null,
    refresh: refresh && { token: refresh.token, endpoint },
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
