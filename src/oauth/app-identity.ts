/** What an app is, as far as its redirect_uri and its client_id tell: §10, RFC 8252 §7. */

import { isDisplayableName } from "../core/names";
import { isLoopback } from "../http/hosts";
import type { RedirectUri } from "./redirect-uri";

/**
 * - `web`: a site, which only its owner can answer for
 * - `loopback`: a program on the user's own computer, or a site in development there
 * - `extension`: an extension of the user's browser
 * - `program`: a program that has registered a private-use scheme, as any other could
 */
export type AppKind = "web" | "loopback" | "extension" | "program";

/** What kind of app has this origin. */
export function appKind(origin: string): AppKind {
  if (/^https?:/.test(origin)) return isLoopback(new URL(origin).hostname) ? "loopback" : "web";
  return /^[a-z-]+-extension:/.test(origin) ? "extension" : "program";
}

/** The kind of a program or extension by its name in lists and logs; null for any other app's name. */
export function unverifiedKind(name: string): "extension" | "program" | null {
  if (!/^[a-z][a-z0-9+.-]+:(?:\/\/[\w.:-]+)?$/.test(name)) return null;
  const kind = appKind(name);
  return kind === "extension" || kind === "program" ? kind : null;
}

/** The app that makes a request. */
export interface AppIdentity {
  origin: string;
  /** Where the user can open it; "" if that is not known. */
  url: string;
  /** What a program on this computer calls itself; null for any other app. */
  label: string | null;
}

/**
 * Identifies an app by its redirect_uri. The client_id decides nothing (§10): it names a program whose
 * port is another each time (RFC 8252 §7.3), and says at which address of its origin an app is opened.
 */
export function identifyApp({ origin, href }: RedirectUri, clientId: string | null): AppIdentity {
  const kind = appKind(origin);
  const isLabelled = kind === "loopback" && clientId !== null && isProgramName(clientId);
  return {
    origin,
    url: kind === "web" ? launchUrl(origin, href, clientId) : "",
    label: isLabelled ? clientId : null,
  };
}

/**
 * The root of the origin: a redirect_uri such as /oauth/callback cannot be opened. An app says
 * otherwise with a redirect_uri that is a folder or an HTML page, as remotestorage.js sends it, or with
 * a client_id that is an address below its origin.
 */
function launchUrl(origin: string, href: string, clientId: string | null): string {
  const client = clientId === null ? null : URL.parse(clientId);
  const { pathname } = new URL(href);
  if (client?.origin === origin && client.pathname !== "/") return origin + client.pathname;
  return origin + (/\/$|\.html$/.test(pathname) ? pathname : "/");
}

/** One short line of letters, digits and some punctuation. */
const PROGRAM_NAME = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._'()+-]{0,48}[\p{L}\p{M}\p{N}.)+])?$/u;

/** Whether a program or device may be shown under this name of its own, always as unverified. */
export const isProgramName = (name: string): boolean =>
  PROGRAM_NAME.test(name) && isDisplayableName(name);
