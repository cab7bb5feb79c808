/** §10.1, RFC 6749, RFC 7636: the authorization code grant with PKCE. */

import { chapter } from "../run/case.js";
import { APP, AUTHORIZATION, HOSTILE_STATE, PKCE, s256Challenge, TOKEN } from "./oauth.js";

/** @typedef {import("../run/context.js").Context} Context */
/** @typedef {Record<string, string>} Form */

const VERIFIER = "a-verifier-of-the-conformance-suite-that-is-long-enough";
const ORIGIN = { Origin: APP };

/** The token endpoint, if the provider offers the code flow. */
function tokenEndpoint(/** @type {Context} */ { target: { properties }, skip }) {
  const endpoint = properties[TOKEN];
  return endpoint && properties[AUTHORIZATION] && properties[PKCE]
    ? endpoint
    : skip("The provider does not announce the code flow.");
}

/** Sends a form to the token endpoint, as a script of an app does. */
const post = (/** @type {Context} */ t, /** @type {Form} */ form) =>
  t.send(tokenEndpoint(t), {
    method: "POST",
    headers: { ...ORIGIN, "Content-Type": "application/x-www-form-urlencoded" },
    body: `${new URLSearchParams(form)}`,
  });

/** The parameters of a request for a code; the challenge is that of VERIFIER. */
async function codeRequest(/** @type {Context} */ { target }) {
  const redirect_uri = target.redirectUri ?? `${APP}/`;
  return {
    client_id: new URL(redirect_uri).origin,
    redirect_uri,
    response_type: "code",
    scope: `${target.module}:rw`,
    state: HOSTILE_STATE,
    code_challenge: await s256Challenge(VERIFIER),
    code_challenge_method: "S256",
  };
}

/** Has the user allow the app. Returns where the browser was sent. */
async function obtain(/** @type {Context} */ t, /** @type {Form} */ changes = {}) {
  tokenEndpoint(t);
  const consent = /** @type {import("../run/context.js").Consent} */ (t.target.consent);
  return consent({ ...(await codeRequest(t)), ...changes }, "allow");
}

/** Has the user allow the app, and returns the form that redeems the code. */
async function redemption(/** @type {Context} */ t) {
  const redirect = await obtain(t);
  const code = new URL(redirect).searchParams.get("code");
  t.expect.that(code, "There is no code in the query of the answer.");
  const { redirect_uri, client_id } = await codeRequest(t);
  return {
    grant_type: "authorization_code",
    code: String(code),
    redirect_uri,
    client_id,
    code_verifier: VERIFIER,
  };
}

/** Expects an error of RFC 6749 §5.2. */
function expectError(
  /** @type {Context} */ { expect },
  /** @type {import("../run/answer.js").Answer} */ answer,
  /** @type {string[]} */ errors,
) {
  expect.status(answer, [400, 401], "a request to the token endpoint");
  const error = String(answer.json?.error ?? "none");
  expect.that(errors.includes(error), `expected the error ${errors.join(" or ")}, got ${error}.`);
}

/** Changes of a redemption that must be refused. @type {Record<string, [title: string, change: Form]>} */
const REFUSED = {
  "wrong-verifier": ["another verifier", { code_verifier: `${VERIFIER}x` }],
  "no-verifier": ["no verifier", { code_verifier: "" }],
  "other-redirect-uri": ["another redirect_uri", { redirect_uri: "https://other.example/" }],
};

export const codeFlow = chapter("code-flow", [
  {
    id: "redeemed",
    title: "A code is redeemed with its verifier for a token that opens the storage",
    level: "MUST",
    requirements: ["§10.1-1", "§10.1-5", "§10.1-7"],
    since: 26,
    needs: ["consent"],
    async run(t) {
      const answer = await post(t, await redemption(t));
      t.expect.status(answer, 200, "the redemption of a code");
      t.expect.equal(String(answer.json?.token_type).toLowerCase(), "bearer", "token_type");
      const get = await t.withToken(String(answer.json?.access_token)).get(t.folder);
      t.expect.status(get, [200, 404], "a GET with the token");
    },
  },
  {
    id: "state",
    title: "The code arrives in the query, with the state byte for byte",
    level: "RFC",
    source: "RFC 6749 §4.1.2",
    requirements: ["§10.1-1"],
    since: 26,
    needs: ["consent"],
    async run(t) {
      const { searchParams, hash } = new URL(await obtain(t));
      t.expect.equal(searchParams.get("state"), HOSTILE_STATE, "the state");
      t.expect.that(!hash.includes("code="), "The code is in the fragment.");
    },
  },
  ...Object.entries(REFUSED).map(([id, [what, change]]) => ({
    id,
    title: `A code with ${what} is refused with invalid_grant`,
    level: /** @type {import("../run/case.js").Level} */ (
      id === "other-redirect-uri" ? "RFC" : "MUST"
    ),
    source: id === "other-redirect-uri" ? "RFC 6749 §4.1.3" : "§10.1",
    requirements: ["§10.1-5"],
    since: 26,
    needs: /** @type {import("../run/case.js").Need[]} */ (["consent"]),
    async run(/** @type {Context} */ t) {
      const form = { ...(await redemption(t)), ...change };
      if (form.code_verifier === "") Reflect.deleteProperty(form, "code_verifier");
      expectError(t, await post(t, form), ["invalid_grant", "invalid_request"]);
    },
  })),
  {
    id: "challenge-is-no-verifier",
    title: "The challenge itself, which others may have seen, does not redeem a code",
    level: "RFC",
    source: "RFC 7636 §4.6",
    requirements: ["§10.1-5"],
    since: 26,
    needs: ["consent"],
    async run(t) {
      const code_verifier = await s256Challenge(VERIFIER);
      const answer = await post(t, { ...(await redemption(t)), code_verifier });
      expectError(t, answer, ["invalid_grant"]);
    },
  },
  {
    id: "unknown-code",
    title: "An unknown code is refused with invalid_grant, as JSON",
    level: "RFC",
    source: "RFC 6749 §5.2",
    requirements: ["§10.1-3"],
    since: 26,
    needs: ["webfinger"],
    async run(t) {
      const { redirect_uri, client_id } = await codeRequest(t);
      const code = "conformance-no-such-code";
      const form = { grant_type: "authorization_code", code, redirect_uri, client_id };
      const answer = await post(t, { ...form, code_verifier: VERIFIER });
      expectError(t, answer, ["invalid_grant"]);
    },
  },
  {
    id: "unknown-grant-type",
    title: "An unknown grant type is refused with unsupported_grant_type",
    level: "RFC",
    source: "RFC 6749 §5.2",
    requirements: ["§10.1-3"],
    since: 26,
    needs: ["webfinger"],
    async run(t) {
      const answer = await post(t, { grant_type: "conformance", client_id: APP });
      expectError(t, answer, ["unsupported_grant_type", "invalid_request"]);
    },
  },
  {
    id: "cors",
    title: "Scripts can read the answers of the token endpoint",
    level: "client",
    source: "§10.1",
    requirements: ["§10.1-3"],
    since: 26,
    needs: ["webfinger"],
    async run(t) {
      const answer = await post(t, { grant_type: "conformance", client_id: APP });
      const allowed = answer.headers.get("access-control-allow-origin");
      const isAllowed = allowed === "*" || allowed === APP;
      t.expect.that(isAllowed, `Access-Control-Allow-Origin of the token endpoint is ${allowed}.`);
    },
  },
  {
    id: "get",
    title: "The token endpoint does not answer GET",
    level: "RFC",
    source: "RFC 6749 §3.2",
    requirements: ["§10.1-3"],
    since: 26,
    needs: ["webfinger"],
    async run(t) {
      const answer = await t.send(tokenEndpoint(t), { headers: ORIGIN });
      t.expect.status(answer, "4xx", "a GET of the token endpoint");
    },
  },
  {
    id: "not-cached",
    title: "An answer with tokens must not be stored by caches",
    level: "RFC",
    source: "RFC 6749 §5.1",
    requirements: ["§10.1-3"],
    since: 26,
    needs: ["consent"],
    async run(t) {
      const answer = await post(t, await redemption(t));
      if (answer.status !== 200) t.skip("The code was not redeemed.");
      t.expect.headerContains(answer, "cache-control", ["no-store"]);
    },
  },
]);
