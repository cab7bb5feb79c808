/** Security headers of every response on the pages' origin. */

import type { Context, Next } from "hono";
import { settings } from "../env";
import { resolveOrigins } from "../http/hosts";

/** Middleware: sets the security headers that a response does not already have. */
export async function setSecurityHeaders(c: Context, next: Next): Promise<void> {
  await next();
  for (const [name, value] of Object.entries(securityHeaders(c))) {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  }
}

/**
 * The consent page, and the pages on the way to it. An app may have opened them in a window of its own:
 * a single response with another opener policy would cut the two off from each other for good.
 */
const IN_DIALOG = /^\/(?:oauth|sign-in|sign-up|confirm|recover|link|security|language)(?:\/|$)/;

/** What a page may do besides the least. */
interface PagePolicy {
  /** The origin of the app that the page is about: images come from it. */
  app?: string | undefined;
  /** Paths of the page's scripts. */
  scripts?: string[];
  /** Paths of the page's style sheets. */
  styles?: string[];
  /** How the page shows a document from the storage's host, by the address of a preview. */
  preview?: PreviewElement | undefined;
  /** Whether the scripts of the page read or write the storage, which may be on a host of its own. */
  usesStorage?: boolean | undefined;
  /** Whether the page opens a live socket. */
  isLive?: boolean | undefined;
}

/** The kind of element that loads a preview. */
export type PreviewElement = "image" | "media" | "frame";

/** The headers; those of a page name its scripts and style sheets. */
export const securityHeaders = (
  c: Context,
  { app, scripts = [], styles = [], preview, usesStorage = false, isLive = false }: PagePolicy = {},
): Record<string, string> => ({
  "Content-Security-Policy": [
    "default-src 'none'",
    `script-src ${assetSources(c, scripts)}`,
    `style-src ${assetSources(c, styles)}`,
    "worker-src 'none'",
    `connect-src 'self'${usesStorage ? storageSource(c) : ""}${isLive ? socketSource(c) : ""}`,
    // CSP cannot name an IPv6 host, and its whole scheme is too much.
    `img-src 'self' data:${app && !app.includes("[") ? ` ${app}` : ""}${
      preview === "image" ? ` ${previewSources(c)}` : ""
    }`,
    ...(preview === "media" ? [`media-src ${previewSources(c)}`] : []),
    ...(preview === "frame" ? [`frame-src ${previewSources(c)}`] : []),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    // Browsers apply it to all redirects that follow a form: see `leaveFor`.
    "form-action 'self'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // Not no-referrer: browsers would then send "Origin: null" with our own forms.
  "Referrer-Policy": "same-origin",
  "Permissions-Policy":
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
  "Cross-Origin-Opener-Policy": IN_DIALOG.test(c.req.path) ? "unsafe-none" : "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  // no-transform: Cloudflare would replace addresses like alice@satchel.example, which users copy.
  "Cache-Control": "no-store, no-transform",
  ...(c.req.url.startsWith("https:") ? { "Strict-Transport-Security": "max-age=31536000" } : {}),
});

/**
 * The sources of a page's own files by full path: 'self' would include every document of the storage
 * that is served on the same origin. Without a scheme, and on either host: a proxy may have ended TLS,
 * and changed the host.
 */
function assetSources(c: Context, paths: string[]): string {
  const { pages } = resolveOrigins(c.req.url, settings(c.env));
  const hosts = new Set([new URL(c.req.url).host, new URL(pages).host]);
  const sources = [...hosts].flatMap((host) =>
    host.startsWith("[") ? ["'self'"] : paths.map((path) => host + path),
  );
  return paths.length === 0 ? "'none'" : sources.join(" ");
}

/** The origin of the signed-in user's storage, if it is not that of the pages. */
function otherStorageOrigin(c: Context): string | null {
  const { STORAGE_ORIGIN } = settings(c.env);
  const session: { account: { name: string } } | undefined = c.get("session");
  return STORAGE_ORIGIN?.replace("*", session?.account.name ?? "") ?? null;
}

function storageSource(c: Context): string {
  const origin = otherStorageOrigin(c);
  return origin === null ? "" : ` ${origin}`;
}

/** The host of the live sockets by name: not all browsers take it for 'self'. */
const socketSource = (c: Context): string =>
  ` ${(otherStorageOrigin(c) ?? resolveOrigins(c.req.url, settings(c.env)).storage).replace(/^http/, "ws")}`;

/** Where previews come from, and nothing else of that host. */
function previewSources(c: Context): string {
  const origin = otherStorageOrigin(c);
  return origin === null ? assetSources(c, ["/preview/"]) : `${origin}/preview/`;
}
