/** People with an account on a server, and an app that may use all of their storage. */

import { CommandError } from "../../scripts/lib/command.mjs";

const PASSWORD = "correct horse battery staple";
const APP = "https://app.example";
const REQUEST = {
  client_id: APP,
  redirect_uri: `${APP}/`,
  response_type: "token",
  scope: "*:rw",
};

/**
 * Signs somebody up and lets the app in, by the server's own pages.
 * @param {{name: string, url: string}} server
 * @param {string} user
 * @returns {Promise<string>} the access token
 */
export const connectUser = (server, user) => DOORS[server.name](server.url, user);

async function satchel(url, name) {
  const signedUp = await post(`${url}/sign-up`, { name, password: PASSWORD });
  const Cookie = signedUp.headers.getSetCookie()[0].split(";")[0];
  const allowed = await post(
    `${url}/oauth/authorize/${name}?${new URLSearchParams(REQUEST)}`,
    { decision: "allow", duration: "always", "level:*": "rw" },
    { Cookie },
  );
  return tokenIn(allowed);
}

async function armadietto(url, username) {
  const person = { username, password: PASSWORD };
  await post(`${url}/signup`, { ...person, email: `${username}@app.example` });
  return tokenIn(await post(`${url}/oauth`, { ...person, ...REQUEST }));
}

const floor = async (url, name) => (await post(`${url}/people/${name}`, {})).text();

const DOORS = { satchel, floor, armadietto };

async function post(url, form, headers = {}) {
  const body = new URLSearchParams(form);
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual" });
  if (response.status >= 400) throw new CommandError(`${url} answered ${response.status}.`);
  return response;
}

function tokenIn(response) {
  const { hash } = new URL(response.headers.get("Location"));
  return new URLSearchParams(hash.slice(1)).get("access_token");
}
