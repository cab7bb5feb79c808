/** Whose list it is: the address, and the tokens that the app has got for it (code flow with PKCE). */

import { discover, SatchelError } from "@satchel/rxdb-client";

export const MODULE = "todos";

/** Over the way to the Satchel and back, in this window. */
const JOURNEY = "todos-journey";
/** For good, in this browser. */
const ACCOUNT = "todos-account";

/** Before its end a token is not used any more. */
const MARGIN_MS = 30_000;

/** The way back: this page, without what came with it. */
const here = () => location.origin + location.pathname;

/** @returns {{address: string, url: string, tokenEndpoint: string, access: string, refresh: string, until: number} | null} */
export const loadAccount = () => JSON.parse(localStorage.getItem(ACCOUNT) ?? "null");

const saveAccount = (account) => localStorage.setItem(ACCOUNT, JSON.stringify(account));

export const forgetAccount = () => localStorage.removeItem(ACCOUNT);

/** Leaves this page, to where the person is asked whether the app may use the list. */
export async function goAndAsk(address) {
  const { authorizationEndpoint, tokenEndpoint, urlOf } = await discover(address);
  const [state, verifier] = [randomText(), randomText()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const journey = { address, url: urlOf(MODULE), authorizationEndpoint, tokenEndpoint };
  sessionStorage.setItem(JOURNEY, JSON.stringify({ ...journey, state, verifier }));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: location.origin,
    redirect_uri: here(),
    scope: `${MODULE}:rw`,
    state,
    code_challenge: base64Url(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
  location.assign(`${authorizationEndpoint}?${query}`);
}

/** Takes the answer, if this page was opened with one. Throws when it is "no". */
export async function takeAnswer() {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("state")) return;
  const journey = JSON.parse(sessionStorage.getItem(JOURNEY) ?? "null");
  sessionStorage.removeItem(JOURNEY);
  history.replaceState(null, "", here());
  // RFC 9207: nobody else may answer in the name of the one that was asked.
  const issuer = journey && new URL(journey.authorizationEndpoint).origin;
  if (answer.get("state") !== journey?.state || answer.get("iss") !== issuer) return;
  if (answer.get("error") === "access_denied") throw new Error("You have not allowed it.");
  if (!answer.has("code")) throw new Error(answer.get("error_description") ?? "That went wrong.");
  const { address, url, tokenEndpoint, verifier } = journey;
  const tokens = await askForTokens(tokenEndpoint, {
    grant_type: "authorization_code",
    code: answer.get("code"),
    redirect_uri: here(),
    code_verifier: verifier,
  });
  saveAccount({ address, url, tokenEndpoint, ...tokens });
}

/** A token that is good. Two windows do not fetch one at the same time: a refresh token is good once. */
export const token = (refused) =>
  navigator.locks.request(ACCOUNT, async () => {
    const account = loadAccount();
    if (account === null) throw new SatchelError("unauthorized", "Nobody is connected.");
    if (account.access !== refused && account.until > Date.now() + MARGIN_MS) return account.access;
    const wish = { grant_type: "refresh_token", refresh_token: account.refresh };
    const tokens = await askForTokens(account.tokenEndpoint, wish);
    saveAccount({ ...account, ...tokens });
    return tokens.access;
  });

async function askForTokens(endpoint, form) {
  const response = await fetch(endpoint, { method: "POST", body: new URLSearchParams(form) });
  const answer = await response.json();
  // RFC 6749 §5.2: 400 is "no"; anything else may pass.
  if (response.status === 400) throw new SatchelError("unauthorized", answer.error_description);
  if (!response.ok) throw new Error(`The Satchel said ${response.status}.`);
  const { access_token, refresh_token, expires_in } = answer;
  const until = Date.now() + expires_in * 1000;
  return { access: access_token, refresh: refresh_token, until };
}

const randomText = () => base64Url(crypto.getRandomValues(new Uint8Array(32)));

const base64Url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
