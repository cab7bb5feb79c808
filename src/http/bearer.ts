/** The bearer token of a request: §9 and RFC 6750 §2. */

import { type Outcome, ok, refused } from "../core/refusals";

/**
 * The access token, or null if there is none. §9 and RFC 6750 §2.3: in the query only for reads.
 * Refuses two tokens with `malformed` (400), another scheme or a malformed token with `unauthorized`
 * (401).
 */
export function parseBearerToken(request: Request): Outcome<string | null> {
  const isRead = request.method === "GET" || request.method === "HEAD";
  const mayBeInQuery = isRead && request.url.includes("?");
  const queryTokens = mayBeInQuery ? new URL(request.url).searchParams.getAll("access_token") : [];
  const header = request.headers.get("authorization");
  if (queryTokens.length + (header === null ? 0 : 1) > 1) {
    // RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token"
    return refused({
      code: "malformed",
      message: "The request must have at most one access token.",
    });
  }
  if (header === null) return ok(queryTokens[0] ?? null);
  // RFC 6750 §3.1: no error code after another authentication scheme.
  if (!/^Bearer( |$)/i.test(header)) {
    return refused({ code: "unauthorized", message: "The Authorization scheme must be Bearer." });
  }
  const token = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(header)?.[1];
  if (token !== undefined) return ok(token);
  const message = "The Authorization header has no valid bearer token.";
  return refused({ code: "unauthorized", message, error: "invalid_token" });
}
