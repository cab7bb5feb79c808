/** Creates two accounts at each kind of server, with the tokens that the conformance suite needs. */

import { APP, HOSTILE_STATE, PKCE, s256Challenge } from "../../conformance/cases/oauth.js";
import { findRecord, readRecord } from "../../conformance/connect/webfinger.js";
import { createHttp } from "../../conformance/run/http.js";
import { CommandError } from "../../scripts/lib/command.mjs";

const PASSWORD = "correct horse battery staple";
const MODULE = "conformance";
const SCOPES = [`${MODULE}:rw`, `${MODULE}:r`, "*:r", "*:rw", `${MODULE}:r ${MODULE}two:rw`];

/** How a user is signed up; each returns a function that answers the dialog, or one that makes tokens. */
const CONNECTORS = {
  satchel: signUpAtSatchel,
  armadietto: signUpAtArmadietto,
  restore: signUpAtArmadietto,
  "remotestorage-server": makeTokens,
};

/**
 * Creates two accounts, and a target for the suite.
 * @param {{name: string, url: string}} server
 * @param {string} prefix of the names of the accounts, other letters in each run
 * @returns {Promise<{target: import("../../conformance/run/context.js").Target, announced: string | null}>}
 */
export async function createTarget({ name, url }, prefix) {
  const [alice, bob] = [`${prefix}alice`, `${prefix}bob`];
  const { host } = new URL(url);
  const accounts = [];
  for (const user of [alice, bob]) accounts.push(await CONNECTORS[name](url, user));
  const tokens = {};
  for (const scope of SCOPES) tokens[scope] = await tokenOf(accounts[0], scope);
  const { record, recordUrl } = await findRecord(createHttp(), `${alice}@${host}`);
  const found = readRecord(record);
  const otherRecord = await findRecord(createHttp(), `${bob}@${host}`);
  const target = {
    ...found,
    address: `${alice}@${host}`,
    record,
    recordUrl,
    module: MODULE,
    tokens,
    other: {
      storageRoot: readRecord(otherRecord.record).storageRoot,
      tokens: { [SCOPES[0]]: await tokenOf(accounts[1], SCOPES[0]) },
    },
    redirectUri: `${APP}/`,
  };
  const { consent } = accounts[0];
  if (!consent) return { target, announced: found.announced };
  const grants = await collectGrants(consent, found.properties[PKCE] != null);
  return { target: { ...target, grants, consent }, announced: found.announced };
}

const request = (scope) => ({
  client_id: APP,
  redirect_uri: `${APP}/`,
  response_type: "token",
  scope,
});

async function tokenOf({ consent, makeToken }, scope) {
  if (makeToken) return makeToken(scope);
  const redirect = await consent(request(scope), "allow");
  const token = new URLSearchParams(redirect.split("#")[1]).get("access_token");
  if (token === null) throw new CommandError(`No token was granted for ${scope}: ${redirect}`);
  return token;
}

/** What the dialog answers to a request for a token, and to one for a code if there is that flow. */
async function collectGrants(consent, hasCodeFlow) {
  const token = { ...request(SCOPES[0]), state: HOSTILE_STATE };
  const code = { ...token, response_type: "code", code_challenge_method: "S256" };
  const requests = hasCodeFlow
    ? [token, { ...code, code_challenge: await s256Challenge("x") }]
    : [token];
  const grants = [];
  for (const one of requests) grants.push({ request: one, redirect: await consent(one, "allow") });
  return grants;
}

async function signUpAtSatchel(url, name) {
  const signedUp = await post(`${url}/sign-up`, { name, password: PASSWORD });
  const cookie = signedUp.headers.getSetCookie()[0].split(";")[0];
  const consent = async (parameters, decision) => {
    const dialog = `${url}/oauth/authorize/${name}?${new URLSearchParams(parameters)}`;
    const answer = await post(dialog, { decision, duration: "always" }, { Cookie: cookie });
    return answer.headers.get("location") ?? "";
  };
  return { consent };
}

/** Also at reStore, from which armadietto was made. */
async function signUpAtArmadietto(url, username) {
  const credentials = { username, password: PASSWORD };
  const signedUp = await post(`${url}/signup`, {
    ...credentials,
    email: `${username}@app.example`,
  });
  if (signedUp.status >= 400) {
    throw new CommandError(`its sign-up is answered with ${signedUp.status} on this Node.`);
  }
  const consent = async (parameters, decision) => {
    const answer = await post(`${url}/oauth`, { ...credentials, ...parameters, [decision]: "yes" });
    return answer.headers.get("location") ?? "";
  };
  return { consent };
}

async function makeTokens(url, user) {
  let count = 0;
  const makeToken = async (scope) => {
    const token = `a-token-of-${user}-${++count}-long-enough`;
    await post(`${url}/tokens?${new URLSearchParams({ user, token, scope })}`, {});
    return token;
  };
  return { makeToken };
}

/** The answer may be a refusal: the suite asks for what is refused, too. */
const post = (url, form, headers = {}) =>
  fetch(url, {
    method: "POST",
    headers,
    body: new URLSearchParams(form),
    redirect: "manual",
  });
