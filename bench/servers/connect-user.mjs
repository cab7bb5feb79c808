/** Creates users at each kind of server, with an app that has full access. */

import { CommandError } from "../../scripts/lib/command.mjs";

const PASSWORD = "correct horse battery staple";
const APP = "https://app.example";
const AUTHORIZATION_REQUEST = {
  client_id: APP,
  redirect_uri: `${APP}/`,
  response_type: "token",
  scope: "*:rw",
};

/**
 * Signs a user up and authorizes the app, with the forms of the server's own pages.
 * @param {{name: string, url: string}} server
 * @param {string} user
 * @returns {Promise<string>} the access token
 */
export const connectUser = (server, user) => CONNECTORS[server.name](server.url, user);

/**
 * Signs a user up at Satchel and authorizes the app. Returns also the cookie of the session.
 * @returns {Promise<{token: string, cookie: string}>}
 */
export async function connectAtSatchel(url, name) {
  const signedUp = await post(`${url}/sign-up`, { name, password: PASSWORD });
  const cookie = signedUp.headers.getSetCookie()[0].split(";")[0];
  const authorized = await post(
    `${url}/oauth/authorize/${name}?${new URLSearchParams(AUTHORIZATION_REQUEST)}`,
    { decision: "allow", duration: "always", "level:*": "rw" },
    { Cookie: cookie },
  );
  return { token: readToken(authorized), cookie };
}

async function connectAtArmadietto(url, username) {
  const credentials = { username, password: PASSWORD };
  await post(`${url}/signup`, { ...credentials, email: `${username}@app.example` });
  return readToken(await post(`${url}/oauth`, { ...credentials, ...AUTHORIZATION_REQUEST }));
}

const connectAtBaseline = async (url, name) => (await post(`${url}/users/${name}`, {})).text();

const CONNECTORS = {
  satchel: async (...user) => (await connectAtSatchel(...user)).token,
  baseline: connectAtBaseline,
  armadietto: connectAtArmadietto,
};

async function post(url, form, headers = {}) {
  const body = new URLSearchParams(form);
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
  if (response.status >= 400) throw new CommandError(`${url}: status ${response.status}.`);
  return response;
}

function readToken(response) {
  const { hash } = new URL(response.headers.get("Location"));
  return new URLSearchParams(hash.slice(1)).get("access_token");
}
