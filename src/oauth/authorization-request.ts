/** The request of an app for access: RFC 6749 §4.1.1, §4.2.1, and §10 and §10.1 of the draft. */

import { parseScopes, type Scope } from "../core/scope";
import type { Origins } from "../http/hosts";
import { minimizeScopes } from "./consent-answer";
import { findDuplicate, nonEmptyParameters } from "./parameters";
import { parseRedirectUri, type RedirectUri } from "./redirect-uri";

export interface AuthorizationRequest {
  redirectUri: RedirectUri;
  flow: "implicit" | "code";
  /** Without those that others include. */
  scopes: Scope[];
  /** Echoed byte for byte. */
  state: string | null;
  /** PKCE, S256; null in the implicit flow. */
  challenge: string | null;
  /** Who answers: the origin of the pages, as the metadata says (RFC 8414 §2). */
  issuer: string;
}

/** RFC 6749 §4.1.2.1, §4.2.2.1: those that a request can be refused with. */
type AuthorizationErrorCode = "invalid_request" | "unsupported_response_type" | "invalid_scope";

/**
 * Why a request cannot be granted, and where the app is told so. Null: the person is, because nothing
 * says where the app is (RFC 6749 §4.1.2.1: "MUST NOT automatically redirect the user-agent to the
 * invalid redirection URI").
 */
export type AuthorizationError = { error: AuthorizationErrorCode; redirect: string } | null;

type AuthorizationRequestOutcome =
  | { ok: true; request: AuthorizationRequest }
  | { ok: false; refusal: AuthorizationError };

/**
 * Reads the query of the authorization endpoint. §10: "the server MUST ignore the value of the
 * client_id parameter in favor of relying on the origin of the redirect_uri parameter". No app has
 * one of our own origins: that would be a document of somebody here.
 */
export function parseAuthorizationRequest(
  sent: URLSearchParams,
  origins: Origins,
): AuthorizationRequestOutcome {
  const issuer = origins.pages;
  const query = nonEmptyParameters(sent);
  const [raw, ...others] = query.getAll("redirect_uri");
  const redirectUri = raw === undefined || others.length > 0 ? null : parseRedirectUri(raw);
  if (redirectUri === null || Object.values(origins).includes(redirectUri.origin)) {
    return { ok: false, refusal: null };
  }

  const responseType = query.get("response_type");
  const flow = responseType === "code" ? "code" : "implicit";
  const state = query.get("state");
  const refuse = (
    error: AuthorizationErrorCode,
    description: string,
  ): AuthorizationRequestOutcome => {
    const redirect = errorRedirect({ redirectUri, flow, state, issuer }, error, description);
    return { ok: false, refusal: { error, redirect } };
  };

  const repeated = findDuplicate(query);
  if (repeated) return refuse("invalid_request", `${repeated} is there more than once.`);
  if (responseType === null) return refuse("invalid_request", "response_type is missing.");
  if (responseType !== "token" && responseType !== "code") {
    return refuse("unsupported_response_type", "response_type is neither token nor code.");
  }
  const scopes = parseScopes(query.get("scope") ?? "");
  if (scopes === null) {
    return refuse("invalid_scope", "scope is not a list such as 'notes:rw photos:r'.");
  }
  const challenge = query.get("code_challenge");
  if (flow === "code") {
    // RFC 7636 §4.4.1, §4.3: without a method it would be "plain", which is not supported.
    if (challenge === null) return refuse("invalid_request", "code_challenge is missing.");
    if (query.get("code_challenge_method") !== "S256") {
      return refuse("invalid_request", "code_challenge_method is not S256.");
    }
    if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) {
      return refuse("invalid_request", "code_challenge is not an S256 challenge.");
    }
  }
  const wanted = minimizeScopes(scopes);
  const request = { redirectUri, flow, scopes: wanted, state, challenge, issuer } as const;
  return { ok: true, request: flow === "code" ? request : { ...request, challenge: null } };
}

type RedirectTarget = Pick<AuthorizationRequest, "redirectUri" | "flow" | "state" | "issuer">;

/** RFC 6749 §4.1.2.1, §4.2.2.1. */
export const errorRedirect = (to: RedirectTarget, error: string, description: string): string =>
  responseRedirect(to, { error, error_description: description });

/**
 * The app's address with the answer: in the fragment for the implicit flow (RFC 6749 §4.2.2), in
 * the query for the code flow (RFC 6749 §4.1.2). Encoded so that remotestorage.js, which splits at "&" and
 * "=" and knows no "+" for a space, reads what was meant.
 */
export function responseRedirect(to: RedirectTarget, answer: Record<string, string>): string {
  // RFC 9207 §2: "MUST indicate its identity by including the iss parameter", in errors too: an app
  // that knows several providers can tell who of them has answered.
  const signed = { ...answer, iss: to.issuer };
  const parameters = Object.entries(to.state === null ? signed : { ...signed, state: to.state });
  const encoded = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const { href } = to.redirectUri;
  if (to.flow === "implicit") return `${href}#${encoded.join("&")}`;
  const mark = !href.includes("?") ? "?" : /[?&]$/.test(href) ? "" : "&";
  return href + mark + encoded.join("&");
}
