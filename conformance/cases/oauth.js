/** What the cases about OAuth share. */

/** The origin of the app that asks where nobody answers. */
export const APP = "https://app.example";

/** The properties of the WebFinger link. */
export const IMPLICIT = "http://tools.ietf.org/html/rfc6749#section-4.2";
export const AUTHORIZATION = "http://tools.ietf.org/html/rfc6749#section-3.1";
export const TOKEN = "http://tools.ietf.org/html/rfc6749#section-3.2";
export const PKCE = "http://tools.ietf.org/html/rfc7636";

/** A state that is damaged unless it is encoded and decoded exactly. */
export const HOSTILE_STATE = "/a b+c?d=e&f=%20#é";

/**
 * A dialog's URL with the parameters of a request added to its query.
 * @param {string} dialog
 * @param {Record<string, string>} parameters
 */
export function authorizationUrl(dialog, parameters) {
  const url = new URL(dialog);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return `${url}`;
}

/**
 * The parameters in the fragment of a URL, parsed as remotestorage.js does.
 * @param {string} url
 * @returns {Record<string, string>}
 */
export const fragmentOf = (url) =>
  Object.fromEntries(
    (url.split("#")[1] ?? "").split("&").map((pair) => pair.split("=").slice(0, 2).map(decode)),
  );

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The S256 challenge of a verifier (RFC 7636 §4.2).
 * @param {string} verifier
 */
export async function s256Challenge(verifier) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(hash)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
