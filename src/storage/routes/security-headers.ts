/** Security headers of every response with what users or apps have stored. */

/**
 * §14: this origin must not trust the documents that it serves. Whatever a browser makes of one, it
 * runs no script, sends no form and has an origin of its own; but all apps may embed it.
 */
export const DOCUMENT_SECURITY_HEADERS: [string, string][] = [
  ["X-Content-Type-Options", "nosniff"],
  [
    "Content-Security-Policy",
    "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'",
  ],
  ["Cross-Origin-Resource-Policy", "cross-origin"],
  ["Referrer-Policy", "no-referrer"],
];
