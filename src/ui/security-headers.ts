/** Security headers of every response on the pages' origin. */

import type { Context, Next } from "hono";

/** Middleware: sets the security headers that a response does not already have. */
export async function setSecurityHeaders(c: Context, next: Next): Promise<void> {
  await next();
  for (const [name, value] of Object.entries(securityHeaders(c))) {
    if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  }
}

/** The headers; a page about `app` (an origin) may load images from it and send forms to it. */
export const securityHeaders = (c: Context, app?: string): Record<string, string> => ({
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    // CSP cannot name an IPv6 host (see `cspSource`), and its whole scheme is too much for images.
    `img-src 'self' data:${app && !app.includes("[") ? ` ${app}` : ""}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action 'self'${app ? ` ${cspSource(app)}` : ""}`,
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // Not no-referrer: browsers would then send "Origin: null" with our own forms.
  "Referrer-Policy": "same-origin",
  "Permissions-Policy":
    "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
  ...(c.req.url.startsWith("https:") ? { "Strict-Transport-Security": "max-age=31536000" } : {}),
});

/** CSP has no syntax for IPv6 addresses: an app on http://[::1] is allowed by its scheme only. */
const cspSource = (origin: string): string =>
  origin.includes("[") ? new URL(origin).protocol : origin;
