/** Redirect URIs of apps, whose origin is the app's identity: §10, RFC 6454 §4. */

import { isLoopback } from "../http/hosts";

/** A valid redirect URI. */
export interface RedirectUri {
  /** As the app sent it, to be repeated when it redeems a code (RFC 6749 §4.1.3). */
  raw: string;
  /** As a browser parses it. */
  href: string;
  origin: string;
  /** Where a user can open the app: without the query, which belongs to this request. */
  appUrl: string;
}

/** A redirect URI is stored with each grant, and the address of an app is short. */
const MAX_LENGTH = 2048;

/**
 * Parameters of an authorization response: RFC 6749 §4.1.2, §4.2.2, RFC 9207 §2. With one of them in
 * its redirect_uri, an app could take what an attacker put there for what we have responded.
 */
const RESPONSE_PARAMETERS = [
  "access_token",
  "code",
  "error",
  "error_description",
  "error_uri",
  "iss",
  "state",
];

/**
 * Parses a redirect_uri: https, or http on loopback; no fragment (RFC 6749 §3.1.2), no user name, no
 * response parameter in its query. Returns null for anything else, and for what a browser could parse
 * differently.
 */
export function parseRedirectUri(raw: string): RedirectUri | null {
  if (raw.length > MAX_LENGTH) return null;
  // Browsers read a backslash as a slash and drop white space; neither is allowed in a URI
  // (RFC 3986).
  if (!/^https?:\/\/[^/]/i.test(raw) || /[^\x21-\x7e]|[\\<>"`{}|^#]/.test(raw)) return null;
  if (!URL.canParse(raw)) return null;
  const { protocol, hostname, username, password, href, origin, pathname, searchParams } = new URL(
    raw,
  );
  // The origin goes into a CSP header and is what the user is asked to trust: no "*", no ";".
  if (!/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(hostname)) return null;
  if (username !== "" || password !== "" || hasUserInfo(raw)) return null;
  if (protocol !== "https:" && !isLoopback(hostname)) return null;
  if (RESPONSE_PARAMETERS.some((name) => searchParams.has(name))) return null;
  return { raw, href, origin, appUrl: origin + pathname };
}

/** The parser drops an empty user name, but its "@" would still deceive a reader. */
const hasUserInfo = (raw: string): boolean => /^https?:\/\/[^/?]*@/i.test(raw);
