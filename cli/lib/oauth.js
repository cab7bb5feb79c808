/** Requests to a token endpoint: RFC 6749. */

import { TransferError } from "../../transfer/requests.js";

/** A refusal of a token endpoint, with its code such as `authorization_pending`. */
export class OAuthError extends TransferError {
  name = "OAuthError";
}

/**
 * Sends a form and returns the JSON of the answer. Throws an OAuthError if it is a refusal, and `unreachable`. It is not sent again: a
 * refresh token works only once.
 * @param {string} url
 * @param {Record<string, string>} form
 * @returns {Promise<Record<string, unknown>>}
 */
export async function postForm(url, form) {
  const response = await fetch(url, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: new URLSearchParams(form),
  }).catch((cause) => {
    throw new TransferError("unreachable", `${new URL(url).host} cannot be reached.`, { cause });
  });
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  const { error = "refused", error_description: description } = body ?? {};
  const message = description ?? `${new URL(url).host} answered with status ${response.status}.`;
  throw new OAuthError(String(error), String(message), { status: response.status });
}

/**
 * Requests a token.
 * @param {string} endpoint
 * @param {Record<string, string>} form
 * @returns {Promise<import("./credentials.js").Credential>}
 */
export async function requestToken(endpoint, form) {
  const { access_token, refresh_token, expires_in } = await postForm(endpoint, form);
  if (typeof access_token !== "string") {
    throw new OAuthError("malformed", "The answer of the token endpoint has no access token.");
  }
  return {
    token: access_token,
    tokenEndpoint: endpoint,
    ...(typeof refresh_token === "string" ? { refreshToken: refresh_token } : {}),
    ...(form.client_id ? { clientId: form.client_id } : {}),
    ...(expires_in === undefined ? {} : { expiresAt: Date.now() + Number(expires_in) * 1000 }),
  };
}
