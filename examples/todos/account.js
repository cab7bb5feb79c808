/** The user's account: their address, and the app's tokens (OAuth code flow with PKCE). */

import { discover, SatchelError } from "@satchel/rxdb-client";

export const MODULE = "todos";

/** Key in `sessionStorage`: what this window must remember while the user is on Satchel's pages. */
const AUTHORIZATION = "todos-authorization";
/** Key in `localStorage`: the account that this browser is connected to. */
const ACCOUNT = "todos-account";

/** A token is replaced this long before it expires. */
const EXPIRY_MARGIN_MS = 30_000;

/** This page without query and fragment. */
const redirectUri = () => location.origin + location.pathname;

/** @returns {{address: string, url: string, tokenEndpoint: string, access: string, refresh: string, until: number} | null} */
export const loadAccount = () => JSON.parse(localStorage.getItem(ACCOUNT) ?? "null");

const saveAccount = (account) => localStorage.setItem(ACCOUNT, JSON.stringify(account));

export const forgetAccount = () => localStorage.removeItem(ACCOUNT);

/** Leaves this page for the one where the user is asked to allow the app. */
export async function authorize(address) {
  const { authorizationEndpoint, tokenEndpoint, urlOf } = await discover(address);
  const [state, verifier] = [randomText(), randomText()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const request = { address, url: urlOf(MODULE), authorizationEndpoint, tokenEndpoint };
  sessionStorage.setItem(AUTHORIZATION, JSON.stringify({ ...request, state, verifier }));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: location.origin,
    redirect_uri: redirectUri(),
    scope: `${MODULE}:rw`,
    state,
    code_challenge: base64Url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${authorizationEndpoint}?${query}`);
}

/** Handles the authorization response, if this page was opened with one. Throws if it is an error. */
export async function handleAuthorizationResponse() {
  const response = new URLSearchParams(location.search);
  if (!response.has("state")) return;
  const request = JSON.parse(sessionStorage.getItem(AUTHORIZATION) ?? "null");
  sessionStorage.removeItem(AUTHORIZATION);
  history.replaceState(null, "", redirectUri());
  // RFC 9207: the response must come from the server that was asked.
  const issuer = request && new URL(request.authorizationEndpoint).origin;
  if (response.get("state") !== request?.state || response.get("iss") !== issuer) return;
  if (response.get("error") === "access_denied") throw new Error("You denied access.");
  if (!response.has("code")) {
    throw new Error(response.get("error_description") ?? "The authorization failed.");
  }
  const { address, url, tokenEndpoint, verifier } = request;
  const tokens = await fetchTokens(tokenEndpoint, {
    grant_type: "authorization_code",
    code: response.get("code"),
    redirect_uri: redirectUri(),
    code_verifier: verifier,
  });
  saveAccount({ address, url, tokenEndpoint, ...tokens });
}

/**
 * Returns a valid access token. The lock keeps two windows from refreshing it at the same time: a refresh
 * token can be used once.
 */
export const token = (refused) =>
  navigator.locks.request(ACCOUNT, async () => {
    const account = loadAccount();
    if (account === null) throw new SatchelError("unauthorized", "No account is connected.");
    const isValid = account.access !== refused && account.until > Date.now() + EXPIRY_MARGIN_MS;
    if (isValid) return account.access;
    const form = { grant_type: "refresh_token", refresh_token: account.refresh };
    const tokens = await fetchTokens(account.tokenEndpoint, form);
    saveAccount({ ...account, ...tokens });
    return tokens.access;
  });

async function fetchTokens(endpoint, form) {
  const response = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form) });
  const body = await response.json();
  // RFC 6749 §5.2: 400 is final; any other error may be temporary.
  if (response.status === 400) throw new SatchelError("unauthorized", body.error_description);
  if (!response.ok) throw new Error(`The Satchel responded with ${response.status}.`);
  const { access_token, refresh_token, expires_in } = body;
  const until = Date.now() + expires_in * 1000;
  return { access: access_token, refresh: refresh_token, until };
}

const randomText = () => base64Url(crypto.getRandomValues(new Uint8Array(32)));

const base64Url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
