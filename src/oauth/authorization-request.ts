/** Authorization requests: RFC 6749 §4.1.1, §4.2.1, and §10 and §10.1 of the draft. */

import { minimizeScopes, parseScopes, type Scope } from "../core/scope";
import type { Settings } from "../env";
import { isOwnOrigin, resolveOrigins } from "../http/hosts";
import { type AppIdentity, appKind, identifyApp } from "./app-identity";
import { findDuplicate, nonEmptyParameters } from "./parameters";
import { parseRedirectUri, type RedirectUri } from "./redirect-uri";

/** A valid authorization request. */
export interface AuthorizationRequest {
  redirectUri: RedirectUri;
  app: AppIdentity;
  /** Where in the redirect the response is: `response_mode`. */
  responseMode: "query" | "fragment";
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
type AuthorizationErrorCode =
  | "invalid_request"
  | "unauthorized_client"
  | "unsupported_response_type"
  | "invalid_scope";

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
 * client_id parameter in favor of relying on the origin of the redirect_uri parameter". The provider's
 * own origins are refused: such an app could only be a document that a user has stored here.
 */
export function parseAuthorizationRequest(
  requestUrl: string,
  settings: Settings,
): AuthorizationRequestOutcome {
  const query = nonEmptyParameters(new URL(requestUrl).searchParams);
  const [raw, ...duplicates] = query.getAll("redirect_uri");
  const redirectUri = raw === undefined || duplicates.length > 0 ? null : parseRedirectUri(raw);
  if (redirectUri === null || isOwnOrigin(redirectUri.origin, requestUrl, settings)) {
    return { ok: false, error: null };
  }

  const isCode = query.get("response_type") === "code";
  const target: RedirectTarget = {
    redirectUri,
    // A token never goes into a query, which servers log (RFC 9700 §4.3.2).
    responseMode: isCode && query.get("response_mode") !== "fragment" ? "query" : "fragment",
    state: query.get("state"),
    issuer: resolveOrigins(requestUrl, settings).pages,
  };
  const problem = findProblem(query, target);
  if (problem !== null) {
    const [code, description] = problem;
    return { ok: false, error: { code, redirect: errorRedirect(target, code, description) } };
  }
  const request = {
    ...target,
    app: identifyApp(redirectUri, query.get("client_id")),
    scopes: minimizeScopes(parseScopes(query.get("scope") ?? "") ?? []),
    challenge: isCode ? query.get("code_challenge") : null,
  };
  return { ok: true, request };
}

type RequestProblem = [code: AuthorizationErrorCode, description: string];

/** What is wrong with a request whose redirect_uri is valid; null if nothing is. */
function findProblem(query: URLSearchParams, target: RedirectTarget): RequestProblem | null {
  const duplicate = findDuplicate(query);
  if (duplicate) return ["invalid_request", `Duplicate parameter: ${duplicate}.`];
  const responseType = query.get("response_type");
  if (responseType === null) return ["invalid_request", "response_type is missing."];
  if (responseType !== "token" && responseType !== "code") {
    return ["unsupported_response_type", "response_type must be token or code."];
  }
  if ((query.get("response_mode") ?? target.responseMode) !== target.responseMode) {
    const modes = responseType === "code" ? "query or fragment" : "fragment";
    return ["invalid_request", `response_mode must be ${modes}.`];
  }
  // RFC 8252 §8.1: another program may receive the answer; only with PKCE is it of no use there.
  const kind = appKind(target.redirectUri.origin);
  if (responseType === "token" && (kind === "program" || kind === "extension")) {
    return ["unauthorized_client", "This redirect_uri needs response_type=code with PKCE."];
  }
  if (parseScopes(query.get("scope") ?? "") === null) {
    return ["invalid_scope", "scope must be a list such as 'notes:rw photos:r'."];
  }
  return responseType === "code" ? findPkceProblem(query) : null;
}

function findPkceProblem(query: URLSearchParams): RequestProblem | null {
  const challenge = query.get("code_challenge");
  if (challenge === null) return ["invalid_request", "code_challenge is missing."];
  // RFC 7636 §4.4.1, §4.3: without a method it would be "plain", which is not supported.
  if (query.get("code_challenge_method") !== "S256") {
    return ["invalid_request", "code_challenge_method must be S256."];
  }
  return /^[A-Za-z0-9_-]{43}$/.test(challenge)
    ? null
    : ["invalid_request", "code_challenge is not a valid S256 challenge."];
}

type RedirectTarget = Pick<
  AuthorizationRequest,
  "redirectUri" | "responseMode" | "state" | "issuer"
>;

/** The URL that tells the app of an error: RFC 6749 §4.1.2.1, §4.2.2.1. */
export const errorRedirect = (target: RedirectTarget, error: string, description: string): string =>
  responseRedirect(target, { error, error_description: description });

/**
 * The URL that returns parameters to the app: in the fragment for the implicit flow (RFC 6749 §4.2.2), in
 * the query for the code flow (RFC 6749 §4.1.2), unless it asks for the fragment. Spaces are encoded as "%20": remotestorage.js splits
 * at "&" and "=", and does not decode "+".
 */
export function responseRedirect(
  { redirectUri: { href }, responseMode, state, issuer }: RedirectTarget,
  parameters: Record<string, string>,
): string {
  // RFC 9207 §2: "MUST indicate its identity by including the iss parameter", in errors too: an app
  // that knows several providers can tell which of them has responded.
  const identified = { ...parameters, iss: issuer };
  const all = Object.entries(state === null ? identified : { ...identified, state });
  const encoded = all.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  if (responseMode === "fragment") return `${href}#${encoded}`;
  const separator = !href.includes("?") ? "?" : /[?&]$/.test(href) ? "" : "&";
  return href + separator + encoded;
}
