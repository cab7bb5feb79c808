/** §10, RFC 6749: the dialog in which a user allows an app, and what it answers. */

import { chapter } from "../run/case.js";
import { APP, authorizationUrl, fragmentOf, HOSTILE_STATE, IMPLICIT } from "./oauth.js";

/** @typedef {import("../run/context.js").Context} Context */

/** Requests the dialog as a browser does, and follows redirects within its origin. */
async function openDialog(
  /** @type {Context} */ t,
  /** @type {Record<string, string>} */ changes = {},
) {
  const dialog = t.target.properties[IMPLICIT];
  if (!dialog) t.skip("The provider announces no dialog.");
  const first = authorizationUrl(String(dialog), { ...tokenRequest(t), ...changes });
  const headers = { Accept: "text/html" };
  let answer = await t.send(first, { headers });
  for (let hops = 0; hops < 3 && answer.status >= 300 && answer.status < 400; hops++) {
    const next = new URL(answer.headers.get("location") ?? "", answer.request.url);
    if (next.origin !== new URL(first).origin) break;
    answer = await t.send(`${next}`, { headers });
  }
  return answer;
}

/** The parameters of a request for a token, to the address at which the run gets its answers. */
function tokenRequest(/** @type {Context} */ { target }) {
  const redirect_uri = target.redirectUri ?? `${APP}/`;
  return {
    client_id: new URL(redirect_uri).origin,
    redirect_uri,
    response_type: "token",
    scope: `${target.module}:rw`,
  };
}

/** A request that the provider's user has answered by the implicit grant. */
const implicitGrant = (/** @type {Context} */ { target, skip }) =>
  target.grants?.find((grant) => grant.request.response_type === "token") ??
  skip("No token was granted by the implicit grant.");

/** Answers the dialog, and returns where the browser was sent. */
const consent = (
  /** @type {Context} */ { target },
  /** @type {Record<string, string>} */ parameters,
  /** @type {"allow" | "deny"} */ decision = "allow",
) => /** @type {import("../run/context.js").Consent} */ (target.consent)(parameters, decision);

export const dialog = chapter("dialog", [
  {
    id: "shown",
    title: "The dialog is a page, and grants nothing before the user has answered it",
    level: "SHOULD",
    requirements: ["§10.5", "§14.1"],
    needs: ["webfinger"],
    async run(t) {
      const answer = await openDialog(t);
      const location = answer.headers.get("location") ?? "";
      t.expect.that(!/access_token=|code=/.test(location), "The dialog grants access unasked.");
      t.expect.status(answer, 200, "a GET of the dialog");
      const type = answer.headers.get("content-type") ?? "none";
      t.expect.that(/^text\/html\b/i.test(type), `The dialog is no page, but ${type}.`);
    },
  },
  {
    id: "not-framed",
    title: "The dialog cannot be shown in a frame of another page",
    level: "RFC",
    source: "RFC 6749 §10.13",
    requirements: ["§10.7"],
    needs: ["webfinger"],
    async run(t) {
      const { headers } = await openDialog(t);
      const policy = headers.get("content-security-policy") ?? "";
      const isProtected =
        /frame-ancestors\s+('none'|'self')/.test(policy) ||
        /^(deny|sameorigin)$/i.test(headers.get("x-frame-options") ?? "");
      t.expect.that(isProtected, "Neither frame-ancestors nor X-Frame-Options forbids frames.");
    },
  },
  {
    id: "script-as-redirect",
    title: "The dialog never leads to a redirect_uri that is a script",
    level: "RFC",
    source: "RFC 6749 §10.15",
    needs: ["webfinger"],
    async run(t) {
      const answer = await openDialog(t, { redirect_uri: "javascript:alert(1)//" });
      const location = answer.headers.get("location") ?? "";
      t.expect.that(!/^javascript:/i.test(location), "The dialog redirects to javascript:.");
      t.expect.that(
        !/(href|action)\s*=\s*["']?\s*javascript:alert/i.test(answer.text),
        "The dialog links to the redirect_uri, which is a script.",
      );
    },
  },
  {
    id: "fragment",
    title: "The token arrives in the fragment, with its type, where remotestorage.js reads it",
    level: "RFC",
    source: "RFC 6749 §4.2.2",
    requirements: ["§10.7"],
    needs: ["grants"],
    async run(t) {
      const { redirect } = implicitGrant(t);
      const fragment = fragmentOf(redirect);
      t.expect.that(fragment.access_token, "There is no access_token in the fragment.");
      t.expect.equal(fragment.token_type?.toLowerCase(), "bearer", "token_type");
      const { search } = new URL(redirect);
      t.expect.that(!/access_token=/.test(search), "The token is also in the query.");
    },
  },
  {
    id: "state",
    title: "The state comes back byte for byte, as it is the fragment of an app",
    level: "RFC",
    source: "RFC 6749 §4.2.2",
    requirements: ["§10.7"],
    needs: ["grants"],
    async run(t) {
      const { request, redirect } = implicitGrant(t);
      if (request.state === undefined) t.skip("No state was sent.");
      t.expect.equal(fragmentOf(redirect).state, request.state, "the state");
    },
  },
  {
    id: "redirects-to-the-app",
    title: "The answer goes to the redirect_uri of the request",
    level: "RFC",
    source: "RFC 6749 §4.2.2",
    requirements: ["§10.7"],
    needs: ["grants"],
    async run({ target, expect }) {
      for (const { request, redirect } of target.grants ?? []) {
        const [address] = redirect.split(/[?#]/);
        expect.equal(address, request.redirect_uri, "the address of the answer");
      }
    },
  },
  {
    id: "denied",
    title: "A refused consent is answered with error=access_denied and the state",
    level: "RFC",
    source: "RFC 6749 §4.2.2.1",
    requirements: ["§10.7"],
    needs: ["consent"],
    async run(t) {
      const parameters = { ...tokenRequest(t), state: HOSTILE_STATE };
      const fragment = fragmentOf(await consent(t, parameters, "deny"));
      t.expect.equal(fragment.error, "access_denied", "error");
      t.expect.equal(fragment.state, HOSTILE_STATE, "state");
      t.expect.that(fragment.access_token === undefined, "A token was granted.");
    },
  },
  {
    id: "no-state",
    title: "There is no state in the answer if there was none in the request",
    level: "client",
    source: "remotestorage.js",
    needs: ["consent"],
    async run(t) {
      const { state, access_token } = fragmentOf(await consent(t, tokenRequest(t)));
      t.expect.that(access_token, "No token was granted.");
      t.expect.equal(state, undefined, "state");
    },
  },
  {
    id: "client-id-is-ignored",
    title: "The client_id is ignored in favour of the origin of the redirect_uri",
    level: "MUST",
    requirements: ["§10.12"],
    since: 11,
    needs: ["consent"],
    async run(t) {
      const request = { ...tokenRequest(t), client_id: "https://somebody-else.example" };
      const { access_token } = fragmentOf(await consent(t, request));
      t.expect.that(access_token, "No token was granted because of the client_id.");
    },
  },
  {
    id: "unknown-level",
    title: "A scope whose level is neither :r nor :rw is not granted",
    level: "MUST",
    requirements: ["§9.2"],
    needs: ["consent"],
    async run(t) {
      const scope = `${t.target.module}:x`;
      const redirect = await consent(t, { ...tokenRequest(t), scope });
      const { access_token } = redirect ? fragmentOf(redirect) : {};
      t.expect.that(access_token === undefined, `A token was granted for the scope ${scope}.`);
    },
  },
  {
    id: "no-more-than-asked",
    title: "A token for reading, granted by the dialog, does not write",
    level: "MUST",
    requirements: ["§9.7"],
    since: 6,
    needs: ["consent"],
    async run(t) {
      const scope = `${t.target.module}:r`;
      const { access_token = "" } = fragmentOf(await consent(t, { ...tokenRequest(t), scope }));
      const reader = t.withToken(access_token);
      t.expect.status(await reader.get(t.folder), [200, 404], "a GET with the token");
      t.expect.status(await reader.put(`${t.folder}doc`, "x"), 403, "a PUT with the token");
    },
  },
]);
