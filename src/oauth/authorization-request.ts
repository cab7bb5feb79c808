/** Authorization requests: RFC 6749 §4.1.1, §4.2.1, and §10 and §10.1 of the draft. */

import { minimizeScopes, parseScopes, type Scope } from "../core/scope";
import type { Origins } from "../http/hosts";
import { findDuplicate, nonEmptyParameters } from "./parameters";
import { parseRedirectUri, type RedirectUri } from "./redirect-uri";

/** A valid authorization request. */
export interface AuthorizationRequest {
  redirectUri: RedirectUri;
  flow: "implicit" | "code";
  /** The requested scopes, without those that another one includes. */
  scopes: Scope[];
  /** Returned to the app byte for byte. */
  state: string | null;
  /** PKCE code challenge, S256; null in the implicit flow. */
  challenge: string | null;
  /** The origin of the pages, as in the metadata (RFC 8414 §2). */
  issuer: string;
}

/** Error codes of a malformed request: RFC 6749 §4.1.2.1, §4.2.2.1. */
type AuthorizationErrorCode = "invalid_request" | "unsupported_response_type" | "invalid_scope";

/**
 * Why a request is invalid, and the redirect that tells the app. Null if the redirect_uri is invalid:
 * then only the user is told (RFC 6749 §4.1.2.1: "MUST NOT automatically redirect the user-agent to
 * the invalid redirection URI").
 */
export type AuthorizationError = { code: AuthorizationErrorCode; redirect: string } | null;

type AuthorizationRequestOutcome =
  | { ok: true; request: AuthorizationRequest }
  | { ok: false; error: AuthorizationError };

/**
 * Parses the query of the authorization endpoint. §10: "the server MUST ignore the value of the
 * client_id parameter in favor of relying on the origin of the redirect_uri parameter". Satchel's own
 * origins are refused: such an app could only be a document that a user has stored here.
 */
export function parseAuthorizationRequest(
  parameters: URLSearchParams,
  origins: Origins,
): AuthorizationRequestOutcome {
  const issuer = origins.pages;
  const query = nonEmptyParameters(parameters);
  const [raw, ...duplicates] = query.getAll("redirect_uri");
  const redirectUri = raw === undefined || duplicates.length > 0 ? null : parseRedirectUri(raw);
  if (redirectUri === null || Object.values(origins).includes(redirectUri.origin)) {
    return { ok: false, error: null };
  }

  const responseType = query.get("response_type");
  const flow = responseType === "code" ? "code" : "implicit";
  const state = query.get("state");
  const refuse = (
    code: AuthorizationErrorCode,
    description: string,
  ): AuthorizationRequestOutcome => {
    const redirect = errorRedirect({ redirectUri, flow, state, issuer }, code, description);
    return { ok: false, error: { code, redirect } };
  };

  const duplicate = findDuplicate(query);
  if (duplicate) return refuse("invalid_request", `Duplicate parameter: ${duplicate}.`);
  if (responseType === null) return refuse("invalid_request", "response_type is missing.");
  if (responseType !== "token" && responseType !== "code") {
    return refuse("unsupported_response_type", "response_type must be token or code.");
  }
  const scopes = parseScopes(query.get("scope") ?? "");
  if (scopes === null) {
    return refuse("invalid_scope", "scope must be a list such as 'notes:rw photos:r'.");
  }
  const challenge = query.get("code_challenge");
  if (flow === "code") {
    if (challenge === null) return refuse("invalid_request", "code_challenge is missing.");
    // RFC 7636 §4.4.1, §4.3: without a method it would be "plain", which is not supported.
    if (query.get("code_challenge_method") !== "S256") {
      return refuse("invalid_request", "code_challenge_method must be S256.");
    }
    if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
      return refuse("invalid_request", "code_challenge is not a valid S256 challenge.");
    }
  }
  const request = { redirectUri, flow, scopes: minimizeScopes(scopes), state, issuer } as const;
  return { ok: true, request: { ...request, challenge: flow === "code" ? challenge : null } };
}

type RedirectTarget = Pick<AuthorizationRequest, "redirectUri" | "flow" | "state" | "issuer">;

/** The URL that tells the app of an error: RFC 6749 §4.1.2.1, §4.2.2.1. */
export const errorRedirect = (target: RedirectTarget, error: string, description: string): string =>
  responseRedirect(target, { error, error_description: description });

/**
 * The URL that returns parameters to the app: in the fragment for the implicit flow (RFC 6749 §4.2.2), in
 * the query for the code flow (RFC 6749 §4.1.2). Spaces are encoded as "%20": remotestorage.js splits
 * at "&" and "=", and does not decode "+".
 */
export function responseRedirect(
  { redirectUri: { href }, flow, state, issuer }: RedirectTarget,
  parameters: Record<string, string>,
): string {
  // RFC 9207 §2: "MUST indicate its identity by including the iss parameter", in errors too: an app
  // that knows several providers can tell which of them has responded.
  const identified = { ...parameters, iss: issuer };
  const all = Object.entries(state === null ? identified : { ...identified, state });
  const encoded = all.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  if (flow === "implicit") return `${href}#${encoded}`;
  const separator = !href.includes("?") ? "?" : /[?&]$/.test(href) ? "" : "&";
  return href + separator + encoded;
}
