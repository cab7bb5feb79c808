/** Gets tokens from a provider's own dialog, in the system's browser. */

import {
  AUTHORIZATION,
  authorizationUrl,
  fragmentOf,
  HOSTILE_STATE,
  IMPLICIT,
  PKCE,
  s256Challenge,
  TOKEN,
} from "../cases/oauth.js";
import { openBrowser } from "./browser.js";
import { listenForAnswers } from "./loopback.js";

/** @typedef {import("../run/context.js").Grant} Grant */

/** Why there is no token, as a sentence. */
export class AuthorizationError extends Error {
  name = "AuthorizationError";
}

/**
 * Asks for a token for each scope, one dialog after the other: the first by the code flow if the provider has
 * it, the others by the implicit grant.
 * @param {object} options
 * @param {Record<string, string | null>} options.properties of the WebFinger link
 * @param {string[]} options.scopes
 * @param {import("../run/http.js").Send} options.send
 * @param {(url: string, scope: string) => void} options.announce says what the user shall do
 * @param {(url: string) => void} [options.open] opens a URL; the system's browser by default
 * @returns {Promise<{tokens: Record<string, string>, grants: Grant[]}>}
 */
export async function authorize({ properties, scopes, send, announce, open = openBrowser }) {
  const loopback = await listenForAnswers();
  /** @type {Record<string, string>} */
  const tokens = {};
  /** @type {Grant[]} */
  const grants = [];
  const verifier = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  try {
    for (const [index, scope] of scopes.entries()) {
      const isCode = Boolean(
        index === 0 && properties[AUTHORIZATION] && properties[TOKEN] && properties[PKCE],
      );
      const dialog = isCode ? properties[AUTHORIZATION] : properties[IMPLICIT];
      if (!dialog) throw new AuthorizationError("The provider announces no dialog: use --token.");
      const request = await createRequest(loopback.redirectUri, scope, isCode ? verifier : null);
      const url = authorizationUrl(dialog, request);
      announce(url, scope);
      const answer = loopback.nextAnswer();
      open(url);
      const redirect = await answer;
      const grant = { request, redirect };
      if (isCode) await redeem(send, String(properties[TOKEN]), grant, verifier);
      grants.push(grant);
      tokens[scope] = tokenOf(grant, scope);
    }
  } finally {
    loopback.close();
  }
  return { tokens, grants };
}

/**
 * @param {string} redirectUri
 * @param {string} scope
 * @param {string | null} verifier of the code flow
 * @returns {Promise<Record<string, string>>}
 */
async function createRequest(redirectUri, scope, verifier) {
  const request = {
    client_id: new URL(redirectUri).origin,
    redirect_uri: redirectUri,
    scope,
    state: HOSTILE_STATE,
  };
  if (verifier === null) return { ...request, response_type: "token" };
  const code_challenge = await s256Challenge(verifier);
  return { ...request, response_type: "code", code_challenge, code_challenge_method: "S256" };
}

/**
 * @param {import("../run/http.js").Send} send
 * @param {string} endpoint
 * @param {Grant} grant gets the answer
 * @param {string} verifier
 */
async function redeem(send, endpoint, grant, verifier) {
  const code = new URL(grant.redirect).searchParams.get("code");
  if (code === null) throw refusal(grant);
  const { redirect_uri, client_id } = grant.request;
  const form = { grant_type: "authorization_code", code, redirect_uri, client_id };
  grant.token = await send(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: `${new URLSearchParams({ ...form, code_verifier: verifier })}`,
  });
}

/**
 * @param {Grant} grant
 * @param {string} scope
 */
function tokenOf(grant, scope) {
  const token = grant.token?.json?.access_token ?? fragmentOf(grant.redirect).access_token;
  if (typeof token !== "string" || token === "") throw refusal(grant, scope);
  return token;
}

/**
 * @param {Grant} grant
 * @param {string} [scope]
 */
function refusal({ redirect, request, token }, scope = request.scope) {
  const error =
    token?.json?.error ??
    fragmentOf(redirect).error ??
    new URL(redirect).searchParams.get("error") ??
    "no token in the answer";
  return new AuthorizationError(`The provider granted no token for ${scope}: ${error}.`);
}
