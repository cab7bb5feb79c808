/** Where an app is sent back to. Its origin is who the app is: §10, RFC 6454 §4. */

import { isLoopback } from "../http/hosts";

export interface RedirectUri {
  /** As the app wrote it: what it has to repeat when it redeems a code (RFC 6749 §4.1.3). */
  raw: string;
  /** As a browser understands it. */
  href: string;
  origin: string;
  /** Where a person can open the app: without its query, which is that of this request. */
  appUrl: string;
}

/**
 * Reads a redirect_uri: https, or http on loopback; no fragment (RFC 6749 §3.1.2), no user name.
 * Null if it is anything else, or could mean one thing here and another in a browser.
 */
export function parseRedirectUri(raw: string): RedirectUri | null {
  // A backslash is a slash to browsers, white space is dropped, and neither is a URI (RFC 3986).
  if (!/^https?:\/\/[^/]/i.test(raw) || /[^\x21-\x7e]|[\\<>"`{}|^#]/.test(raw)) return null;
  if (!URL.canParse(raw)) return null;
  const { protocol, hostname, username, password, href, origin, pathname } = new URL(raw);
  // The origin goes into a policy header and is what the person is asked to trust: no "*", no ";".
  if (!/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/.test(hostname)) return null;
  if (username !== "" || password !== "" || hasUserInfo(raw)) return null;
  if (protocol !== "https:" && !isLoopback(hostname)) return null;
  return { raw, href, origin, appUrl: origin + pathname };
}

/** An empty "@" is dropped in parsing, yet it is there to deceive. */
const hasUserInfo = (raw: string): boolean => /^https?:\/\/[^/?]*@/i.test(raw);
