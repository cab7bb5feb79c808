/** A user of the local server, and an app that may read and write all their data. */

import { expect } from "vitest";

const PASSWORD = "correct horse battery staple";
const APP = "https://app.example";

/** Signs up through the form. Returns the response, which carries the session's cookie. */
export function signUp(url: string, name: string): Promise<Response> {
  return fetch(`${url}/sign-up`, {
    method: "POST",
    body: new URLSearchParams({ name, password: PASSWORD }),
    redirect: "manual",
  });
}

export interface App {
  token: string;
  put(path: string, body: string): Promise<Response>;
  get(path: string): Promise<Response>;
}

/** Signs up and connects an app. Its token is also valid at other addresses of the same server. */
export async function connectApp(url: string, name: string): Promise<(url: string) => App> {
  const signedUp = await signUp(url, name);
  expect(signedUp.status).toBe(303);
  const cookie = signedUp.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const query = new URLSearchParams({
    client_id: APP,
    redirect_uri: `${APP}/`,
    response_type: "token",
    scope: "*:rw",
  });
  const allowed = await fetch(`${url}/oauth/authorize/${name}?${query}`, {
    method: "POST",
    headers: { Cookie: cookie },
    body: new URLSearchParams({ decision: "allow", duration: "always", "level:*": "rw" }),
    redirect: "manual",
  });
  const answer = new URL(allowed.headers.get("Location") ?? "").hash.slice(1);
  const token = new URLSearchParams(answer).get("access_token") ?? "";
  const headers = { Authorization: `Bearer ${token}` };
  return (at) => ({
    token,
    get: (path) => fetch(`${at}/storage/${name}${path}`, { headers }),
    put: (path, body) =>
      fetch(`${at}/storage/${name}${path}`, {
        method: "PUT",
        headers: { ...headers, "Content-Type": "text/plain" },
        body,
      }),
  });
}
