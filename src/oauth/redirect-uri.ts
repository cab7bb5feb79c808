/** Redirect URIs of apps, whose origin is the app's identity: §10, RFC 6454 §4, RFC 8252 §7. */

import { isLoopback } from "../http/hosts";

/** A valid redirect URI. */
export interface RedirectUri {
  /** As the app sent it, to be repeated when it redeems a code (RFC 6749 §4.1.3). */
  raw: string;
  /** As a browser parses it, in characters that RFC 3986 allows. */
  href: string;
  /** The origin; of a private-use scheme the scheme and the host, such as `obsidian://host`. */
  origin: string;
}

/** A redirect URI is stored with each code, and the address of an app is short. */
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
 * A scheme, a slash, and characters that a browser leaves in an address, although RFC 3986 does not
 * allow all of them. No fragment (RFC 6749 §3.1.2). No backslash, which browsers take for a slash,
 * except in the query.
 */
const SYNTAX = /^[a-z][a-z0-9+.-]+:\/[!$-;=@-[\]-~]*(?:\?[!$-;=?-~]*)?$/i;

/** What may stand in a browser's address bar, but not in a URI. */
const NOT_IN_URIS = /[\\^`{|}]/g;

/**
 * Parses a redirect_uri: https, http on loopback, the origin of a browser extension, or a private-use
 * scheme (RFC 8252 §7.1). No user name, no response parameter in its query. Returns null for anything
 * else, and for what a browser could parse differently.
 */
export function parseRedirectUri(raw: string): RedirectUri | null {
  if (raw.length > MAX_LENGTH || !SYNTAX.test(raw) || !URL.canParse(raw)) return null;
  const url = new URL(raw);
  const isHttp = url.protocol === "https:" || url.protocol === "http:";
  if (isHttp ? !/^https?:\/\/[^/]/i.test(raw) : !isPrivateUse(url)) return null;
  // The user is asked to trust the origin, and it goes into a CSP header: no "*", no ";".
  const hostname = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/i;
  if (!hostname.test(url.hostname) && (isHttp || url.host !== "")) return null;
  // The parser drops an empty user name, but its "@" would still deceive a reader.
  if (/^[^:]+:\/\/[^/?]*@/.test(raw)) return null;
  if (url.protocol === "http:" && !isLoopback(url.hostname)) return null;
  if (RESPONSE_PARAMETERS.some((name) => url.searchParams.has(name))) return null;
  const href = url.href.replace(NOT_IN_URIS, encodeURIComponent);
  return { raw, href, origin: isHttp ? url.origin : privateOrigin(url) };
}

/** The forms that browsers give the origins of extensions. */
const EXTENSION_ORIGIN =
  /^(?:chrome-extension:\/\/[a-p]{32}|(?:moz|safari-web)-extension:\/\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

const isPrivateUse = (url: URL): boolean =>
  url.protocol.endsWith("-extension:")
    ? EXTENSION_ORIGIN.test(privateOrigin(url))
    : !isForbiddenScheme(url.protocol.slice(0, -1));

const privateOrigin = ({ protocol, host }: URL): string =>
  host === "" ? protocol : `${protocol}//${host}`;

/**
 * Schemes that are no app's own (RFC 8252 §7.1): they run script, show what the app wrote, open files or
 * pages of the browser, or belong to other protocols and to programs that come with a system.
 */
const FORBIDDEN_SCHEMES = new Set(
  `about acap acct admin afp aim android-app app-settings attachment bitcoin blob brave callto cap
  chrome chrome-error chrome-native chrome-search chrome-untrusted cid content crid data dav davs
  devtools dict dns edge ethereum facetime facetime-audio fax feed feeds file filesystem finger
  fish ftp ftps geo git git-ssh googlechrome googlechromes gopher gtalk h323 hcp help iax icap im
  imap imaps info intent ipfs ipns ipp ipps irc irc6 ircs isolated-app itms itms-apps itms-appss
  itms-books itms-services its jabber jar javascript ldap ldapi ldaps livescript magnet mailto
  maps market message mhtml microsoft-edge mid mk mms mmst mocha mongodb moz-icon moz-page-thumb
  ms-its msnim mysql news nfs nntp opaquelocktoken opera payto pop pop3 postgres postgresql prefs
  pres proxy rdp redis res resource rlogin rmi rsync rtmp rtsp rtsps rtspu scp search secondlife
  session sftp shell shttp sip sips smb sms sms-mms smsto smtp snews snmp soap.beep spotlight sql
  ssh stun stuns svn svn+ssh tag tel telephone telnet tftp tn3270 turn turns tv udp unreal urn
  vbscript view-source vivaldi vnc wais webcal webcals webdav webdavs ws wss wyciwyg xmpp z39.50
  z39.50r z39.50s`.split(/\s+/),
);

/**
 * What families of such schemes begin with: `ms-settings` and `search-ms` of Windows,
 * `x-apple.systempreferences` of macOS, `chrome-devtools`, and what could be mistaken for http.
 */
const FORBIDDEN_FAMILIES = /^(?:http|ms-|x-apple|chrome-|moz-|web\+|com\.apple\.)|-ms$/;

/** `scheme` is in lower case. */
const isForbiddenScheme = (scheme: string): boolean =>
  FORBIDDEN_SCHEMES.has(scheme) || FORBIDDEN_FAMILIES.test(scheme);
