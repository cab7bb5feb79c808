/** The dialog and the tokens of the reference server. */

import { s256Challenge } from "../../cases/oauth.js";

/** @typedef {{user: string, scope: string}} Grant */

/** @param {import("./rules.js").Rules} rules */
export function createOauth(rules) {
  /** @type {Map<string, Grant>} */
  const tokens = new Map();
  /** @type {Map<string, Grant & {challenge: string, redirectUri: string}>} */
  const codes = new Map();
  let count = 0;
  const secret = (/** @type {string} */ kind) => rules.secret(kind, ++count);

  /** Issues a token. */
  function issue(/** @type {string} */ user, /** @type {string} */ scope) {
    const token = secret("token");
    tokens.set(token, { user, scope });
    return token;
  }

  /** Answers the dialog of a user as its form does; returns where the browser is sent. */
  function consent(
    /** @type {string} */ user,
    /** @type {Record<string, string>} */ request,
    /** @type {"allow" | "deny"} */ decision,
  ) {
    const { redirect_uri, client_id, response_type, scope, state } = request;
    const address = rules.redirectTo(redirect_uri, client_id);
    const back = rules.stateParameter(state, rules.encodeState(state ?? ""));
    const mark = response_type === "code" ? "?" : rules.markOfTokens;
    const granted = rules.grantedScope(scope);
    if (decision === "deny") return `${address}${mark}error=${rules.denial}${back}`;
    if (granted === null) return `${address}${mark}error=invalid_scope${back}`;
    if (response_type === "code") {
      const code = secret("code");
      codes.set(code, {
        user,
        scope: granted,
        challenge: request.code_challenge,
        redirectUri: redirect_uri,
      });
      return `${address}?code=${code}${back}`;
    }
    return `${address}${mark}access_token=${issue(user, granted)}&token_type=bearer${back}`;
  }

  /** The token endpoint. */
  async function redeem(/** @type {Request} */ request) {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const form = new URLSearchParams(await request.text());
    const fail = (/** @type {string} */ error) =>
      Response.json({ error }, { status: 400, headers: { "Cache-Control": "no-store" } });
    if (form.get("grant_type") !== "authorization_code") return fail("unsupported_grant_type");
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const verifier = form.get("code_verifier") ?? "";
    const isValid =
      code !== undefined &&
      rules.isVerified(code.challenge, verifier, await s256Challenge(verifier)) &&
      rules.isRedirectUriEqual(code.redirectUri, form.get("redirect_uri"));
    if (!isValid) return fail("invalid_grant");
    const access_token = issue(code.user, code.scope);
    const headers = { "Cache-Control": "no-store" };
    return Response.json({ access_token, token_type: "bearer", scope: code.scope }, { headers });
  }

  /** The dialog's page, which grants nothing. */
  const showDialog = (/** @type {Request} */ _request) =>
    new Response("<!doctype html><title>Allow?</title>", {
      headers: {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "frame-ancestors 'none'",
      },
    });

  return {
    issue,
    consent,
    redeem,
    showDialog,
    find: (/** @type {string} */ token) => tokens.get(token),
  };
}
