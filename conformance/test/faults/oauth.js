/** Faulty servers, §10: WebFinger, the dialog and the code flow. */

import { rules as sound } from "../reference/rules.js";
import { changing, isDialog, isStorage, isWebfinger, nothing, remake } from "./changing.js";

/** @type {import("./changing.js").Fault[]} */
export const oauthFaults = [
  {
    fault: "the state is not encoded",
    rules: { encodeState: (state) => state },
    finds: ["dialog/state", "dialog/denied", "code-flow/state"],
  },
  {
    fault: "the state is lost",
    rules: { encodeState: () => "" },
    finds: ["dialog/state", "dialog/denied", "code-flow/state"],
  },
  {
    fault: "any scope is granted",
    rules: { grantedScope: (scope) => scope },
    finds: ["dialog/unknown-level"],
  },
  {
    fault: "more is granted than was asked for",
    rules: {
      grantedScope: (scope) => sound.grantedScope(scope)?.replaceAll(/:r\b/g, ":rw") ?? null,
    },
    finds: ["dialog/no-more-than-asked"],
  },
  {
    fault: "the verifier is not checked",
    rules: { isVerified: () => true },
    finds: [
      "code-flow/wrong-verifier",
      "code-flow/no-verifier",
      "code-flow/challenge-is-no-verifier",
    ],
  },
  {
    fault: "the challenge is taken for a verifier",
    rules: {
      isVerified: (challenge, verifier, computed) =>
        verifier === challenge || computed === challenge,
    },
    finds: ["code-flow/challenge-is-no-verifier"],
  },
  {
    fault: "the redirect_uri of a redemption is not compared",
    rules: { isRedirectUriEqual: () => true },
    finds: ["code-flow/other-redirect-uri"],
  },
  {
    fault: "the token endpoint has no CORS headers",
    rules: changing(
      ({ url }) => url.endsWith("/oauth/token"),
      (headers) => headers.delete("Access-Control-Allow-Origin"),
    ),
    finds: ["code-flow/cors"],
  },
  {
    fault: "the dialog can be framed",
    rules: changing(
      (request) => !isStorage(request),
      (headers) => headers.delete("Content-Security-Policy"),
    ),
    finds: ["dialog/not-framed"],
  },
  {
    fault: "WebFinger is application/json",
    rules: changing(
      ({ url }) => url.includes("/.well-known/"),
      (headers) => headers.set("Content-Type", "application/json"),
    ),
    finds: ["discovery/media-type"],
  },
  {
    fault: "the properties are booleans",
    properties: { "http://tools.ietf.org/html/rfc6750#section-2.3": false },
    finds: ["discovery/string-properties"],
  },
  {
    fault: "PKCE is announced without a token endpoint",
    properties: { "http://tools.ietf.org/html/rfc6749#section-3.2": null },
    finds: ["discovery/code-flow-properties"],
  },
  {
    fault: "the dialog is a server error",
    rules: changing(isDialog, nothing, 500),
    finds: ["dialog/shown"],
  },
  {
    fault: "the dialog grants unasked",
    rules: changing(
      isDialog,
      (headers) => headers.set("Location", "https://app.example/#access_token=x"),
      302,
    ),
    finds: ["dialog/shown"],
  },
  {
    fault: "the dialog redirects errors to any redirect_uri",
    rules: {
      finish: (response, request) =>
        isDialog(request)
          ? remake(
              response,
              (headers) =>
                headers.set(
                  "Location",
                  `${new URL(request.url).searchParams.get("redirect_uri")}#error=invalid_request`,
                ),
              /javascript/.test(request.url) ? 302 : 200,
            )
          : response,
    },
    finds: ["dialog/script-as-redirect"],
  },
  {
    fault: "the token is in the query",
    rules: { markOfTokens: "?" },
    finds: [
      "dialog/fragment",
      "dialog/state",
      "dialog/denied",
      "dialog/no-state",
      "dialog/client-id-is-ignored",
      "dialog/no-more-than-asked",
    ],
  },
  {
    fault: "the answer goes to the origin of the redirect_uri",
    rules: { redirectTo: (redirectUri) => new URL(redirectUri).origin },
    finds: ["dialog/redirects-to-the-app"],
  },
  {
    fault: "a denied request is answered with another error",
    rules: { denial: "server_error" },
    finds: ["dialog/denied"],
  },
  {
    fault: "the state is always there",
    rules: { stateParameter: (_, encoded) => `&state=${encoded}` },
    finds: ["dialog/no-state"],
  },
  {
    fault: "the client_id decides where the answer goes",
    rules: {
      grantedScope: sound.grantedScope,
      redirectTo: (redirectUri, clientId) =>
        clientId === new URL(redirectUri).origin
          ? redirectUri
          : "https://reference.example/#error=unauthorized_client&x=",
    },
    finds: ["dialog/client-id-is-ignored"],
  },
  {
    fault: "the token of a code has no scope",
    rules: {
      finish: async (response, request) => {
        if (!request.url.endsWith("/oauth/token") || response.status !== 200) return response;
        return Response.json(
          { access_token: "nothing", token_type: "bearer" },
          { headers: response.headers },
        );
      },
    },
    finds: ["code-flow/redeemed"],
  },
  {
    fault: "an unknown code is a server error",
    rules: changing(
      ({ url, method }, { status }) =>
        url.endsWith("/oauth/token") && method === "POST" && status === 400,
      nothing,
      500,
    ),
    finds: [
      "code-flow/wrong-verifier",
      "code-flow/no-verifier",
      "code-flow/other-redirect-uri",
      "code-flow/challenge-is-no-verifier",
      "code-flow/unknown-code",
      "code-flow/unknown-grant-type",
    ],
  },
  {
    fault: "errors of the token endpoint are no JSON",
    rules: {
      finish: (response, request) =>
        request.url.endsWith("/oauth/token") && response.status === 400
          ? new Response("error", { status: 400, headers: response.headers })
          : response,
    },
    finds: [
      "code-flow/wrong-verifier",
      "code-flow/no-verifier",
      "code-flow/other-redirect-uri",
      "code-flow/challenge-is-no-verifier",
      "code-flow/unknown-code",
      "code-flow/unknown-grant-type",
    ],
  },
  {
    fault: "the token endpoint answers GET",
    rules: changing(
      ({ url, method }) => url.endsWith("/oauth/token") && method === "GET",
      nothing,
      200,
    ),
    finds: ["code-flow/get"],
  },
  {
    fault: "answers with tokens may be cached",
    rules: changing(
      ({ url }) => url.endsWith("/oauth/token"),
      (headers) => headers.delete("Cache-Control"),
    ),
    finds: ["code-flow/not-cached"],
  },
  {
    fault: "WebFinger has no CORS headers",
    rules: changing(isWebfinger, (headers) => headers.delete("Access-Control-Allow-Origin")),
    finds: ["discovery/cors"],
  },
  {
    fault: "WebFinger is redirected",
    rules: {
      finish: (response, { url }) =>
        url.includes("/.well-known/") && !url.includes("www=1")
          ? remake(response, (headers) => headers.set("Location", `${url}&www=1`), 302)
          : response,
    },
    finds: [
      "discovery/direct",
      "discovery/unencoded",
      "discovery/encoded",
      "discovery/no-resource",
    ],
  },
  {
    fault: "there are two links",
    rules: { links: (links) => [...links, ...links] },
    finds: ["discovery/one-link"],
  },
  {
    fault: "the link has no version",
    properties: { "http://remotestorage.io/spec/version": null },
    finds: ["discovery/version"],
  },
  {
    fault: "the storage root ends with a slash",
    rules: { links: (links) => links.map((link) => ({ ...link, href: `${link.href}/` })) },
    finds: ["discovery/storage-root"],
  },
  {
    fault: "the dialog is not announced",
    properties: { "http://tools.ietf.org/html/rfc6749#section-4.2": undefined },
    finds: ["discovery/auth-dialog"],
  },
  {
    fault: "the dialog is served over http",
    properties: {
      "http://tools.ietf.org/html/rfc6749#section-4.2": "http://reference.example/oauth/alice",
    },
    finds: ["discovery/https"],
  },
  {
    fault: "an encoded resource is not decoded",
    rules: changing(({ url }) => url.includes("acct%3A"), nothing, 404),
    finds: ["discovery/encoded"],
  },
  {
    fault: "a missing resource is 404",
    rules: changing((request, { status }) => isWebfinger(request) && status === 400, nothing, 404),
    finds: ["discovery/no-resource"],
  },
  {
    fault: "the subject is somebody else",
    rules: {
      finish: async (response, request) =>
        isWebfinger(request) && response.status === 200
          ? Response.json(
              { ...(await response.json()), subject: "acct:mallory@reference.example" },
              { headers: response.headers },
            )
          : response,
    },
    finds: ["discovery/subject"],
  },
];
