/** Creates two accounts at each kind of server, with the tokens that the conformance suite needs. */

import { APP, HOSTILE_STATE, PKCE, s256Challenge } from "../../conformance/cases/oauth.js";
import { findRecord, readRecord } from "../../conformance/connect/webfinger.js";
import { draftNumber } from "../../conformance/run/drafts.js";
import { createHttp } from "../../conformance/run/http.js";
import { Undecided } from "../../conformance/run/outcomes.js";
import { CommandError } from "../../scripts/lib/command.mjs";

/** How long a form may take to be answered. */
const TIME_LIMIT_MS = 10_000;

const PASSWORD = "correct horse battery staple";
const MODULE = "conformance";
const SCOPES = [`${MODULE}:rw`, `${MODULE}:r`, "*:r", "*:rw", `${MODULE}:r ${MODULE}two:rw`];

/** How a user is signed up; each returns a function that answers the dialog, or one that makes tokens. */
const CONNECTORS = {
  satchel: signUpAtSatchel,
  armadietto: signUpAtArmadietto,
  restore: signUpAtArmadietto,
  "restore-on-node-6": signUpAtArmadietto,
  "remotestorage-server": makeTokens,
};

/**
 * Creates the accounts alice and bob at a fresh server, and a target for the suite. Throws a CommandError that
 * says what was asked and answered, if that is not possible.
 * @param {{name: string, url: string}} server
 * @returns {Promise<{target: import("../../conformance/run/context.js").Target, announced: string | null}>}
 */
export async function createTarget({ name, url }) {
  const [alice, bob] = ["alice", "bob"];
  const { host } = new URL(url);
  const accounts = [];
  for (const user of [alice, bob]) accounts.push(await CONNECTORS[name](url, user));
  const { record, recordUrl } = await findRecord(createHttp(), `${alice}@${host}`);
  const found = readRecord(record);
  const tokens = {};
  for (const scope of SCOPES) {
    tokens[scope] = await tokenOf(accounts[0], nameScope(scope, found.announced));
  }
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

/** Before draft 02 the root folder had the scope "root". */
const nameScope = (scope, announced) =>
  (draftNumber(announced) ?? 2) < 2 ? scope.replace("*", "root") : scope;

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
  const form = { ...credentials, email: `${username}@app.example` };
  const signedUp = await post(`${url}/signup`, form);
  if (signedUp.status >= 400) {
    const fields = Object.keys(form).join(", ");
    const answer = `${signedUp.status}: “${await visibleText(signedUp)}”`;
    throw new CommandError(`its sign-up (POST /signup with ${fields}) was answered with ${answer}`);
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

/** The beginning of what a person reads in a page of armadietto or reStore, without its head. */
async function visibleText(answer) {
  const content = (await answer.text()).split('<div class="content">').at(-1);
  return content
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(code))
    .replaceAll("&quot;", '"')
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, 200);
}

/** The answer may be a refusal: the suite asks for what is refused, too. Throws `Undecided` if there is none. */
async function post(url, form, headers = {}) {
  const body = new URLSearchParams(form);
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  try {
    return await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
  } catch (error) {
    const asked = `POST ${new URL(url).pathname}`;
    if (signal.aborted) throw new Undecided("slow", `${asked} had no answer in time.`);
    throw new Undecided("network", `${asked}: ${error.cause?.code ?? error.message}.`);
  }
}
