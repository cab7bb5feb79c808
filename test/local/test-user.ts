/** A user of the local server, and an app that may read and write all their data. */

import { createHash, randomBytes } from "node:crypto";
import { expect } from "vitest";
import type { startLocalServer } from "../../scripts/lib/local-server.mjs";

const PASSWORD = "correct horse battery staple";
const APP = "https://app.example";
const DAY_MS = 24 * 60 * 60 * 1000;

/** Signs up through the form. Returns the cookie of the session. */
export async function signUp(url: string, name: string): Promise<string> {
  const response = await fetch(`${url}/sign-up`, {
    method: "POST",
    body: new URLSearchParams({ name, password: PASSWORD }),
    redirect: "manual",
  });
  expect(response.status).toBe(303);
  return response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
}

export type LocalServer = Awaited<ReturnType<typeof startLocalServer>>;

/**
 * Creates an account without a password, which would have to be hashed, and a session. Returns the cookie of
 * the session.
 */
export async function createSession(
  { url, database }: Pick<LocalServer, "url" | "database">,
  name: string,
): Promise<string> {
  const id = randomBytes(16).toString("base64url");
  const secret = randomBytes(32).toString("base64url");
  const hash = createHash("sha256").update(secret).digest("base64url");
  const now = Date.now();
  await (await database()).exec(
    `INSERT INTO accounts (id, name, created_at) VALUES ('${id}', '${name}', ${now});
     INSERT INTO sessions (hash, account, created_at, expires_at, proved_at) VALUES ('${hash}', '${id}', ${now}, ${now + DAY_MS}, ${now});`,
  );
  return `__Host-session-${new URL(url).port}=${secret}`;
}

export interface App {
  token: string;
  put(path: string, body: string): Promise<Response>;
  get(path: string): Promise<Response>;
}

/** Signs up and connects an app. Its token is also valid at other addresses of the same server. */
export const connectApp = async (url: string, name: string): Promise<(url: string) => App> =>
  allowApp(url, name, await signUp(url, name));

/** Creates a user of a server in this process, and connects an app. */
export const connectUser = async (
  server: Pick<LocalServer, "url" | "database">,
  name: string,
): Promise<App> => {
  const appAt = await allowApp(server.url, name, await createSession(server, name));
  return appAt(server.url);
};

/** Connects an app of the user who is signed in. Its token is also valid at other addresses of the same server. */
export async function allowApp(
  url: string,
  name: string,
  cookie: string,
): Promise<(url: string) => App> {
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
