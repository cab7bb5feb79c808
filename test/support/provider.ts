/** A provider, its people and their apps, for tests that come through the public door. */

import { env, exports } from "cloudflare:workers";
import { scryptSync } from "node:crypto";
import { insertAccount, insertPassword } from "../../src/accounts/db/accounts";
import { insertSession } from "../../src/accounts/db/sessions";
import { randomId, randomSecret, sha256 } from "../../src/core/secrets";
import { DAY_MS } from "../../src/core/time";

export const ORIGIN = "https://satchel.example";
export const APP_ORIGIN = "https://app.example";
export const PASSWORD = "correct horse battery";

/**
 * A request as the network brings it; redirects are not followed. One that has Cloudflare's headers
 * has come by its edge, in clear only if it says so by its ray.
 */
export function incomingRequest(pathOrUrl: string, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers);
  const url = new URL(pathOrUrl, ORIGIN);
  const isFromEdge =
    headers.has("cf-ray") || (headers.has("cf-connecting-ip") && url.protocol === "https:");
  const options = {
    redirect: "manual" as const,
    ...init,
    ...(isFromEdge ? { cf: { colo: "FRA" } } : {}),
  };
  return new Request(url, options);
}

/** Sends a request to the Worker as the network would. */
export const send = (pathOrUrl: string, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(incomingRequest(pathOrUrl, init));

/** A form of our own pages, sent by a browser that has this cookie. */
export const sendForm = (
  path: string,
  fields: Record<string, string>,
  { cookie, ...headers }: Record<string, string> = {},
): Promise<Response> =>
  send(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Origin: ORIGIN, ...(cookie ? { Cookie: cookie } : {}), ...headers },
  });

let createdUsers = 0;

/** A name that nobody has yet. */
export const uniqueUserName = (): string => `person-${++createdUsers}`;

export interface TestUser {
  name: string;
  cookie: string;
}

/** Of PASSWORD, with parameters that cost nothing: the server verifies by those of the hash. */
const CHEAP_PASSWORD_HASH = `scrypt$2$1$1$salt$${scryptSync(PASSWORD, "salt", 32, { N: 2, r: 1, p: 1 }).toString("base64url")}`;

/**
 * Someone who has signed up with PASSWORD, signed in on one browser. Not by the form, which takes
 * its time for each password: that is for the tests of signing up.
 */
export async function createUser(name = uniqueUserName()): Promise<TestUser> {
  const now = Date.now();
  const account = { id: randomId(), name, invitation: null };
  const credential = insertPassword(env.DB, account.id, CHEAP_PASSWORD_HASH, now);
  if ((await insertAccount(env.DB, account, credential, true, now)) !== "made") {
    throw new Error(`The name ${name} is taken.`);
  }
  return { name, cookie: await createSession(account.id) };
}

/** The cookie of one more browser in which somebody has just signed in. */
export async function createSession(account: string): Promise<string> {
  const now = Date.now();
  const secret = randomSecret();
  const session = {
    hash: await sha256(secret),
    createdAt: now,
    expiresAt: now + 30 * DAY_MS,
    provedAt: now,
    seenAt: now,
    device: null,
    country: null,
  };
  await insertSession(env.DB, account, session, null);
  return `__Host-session=${secret}`;
}

/** The session cookie that a response sets, as a browser would send it back. */
export const sessionCookie = (response: Response): string =>
  response.headers.get("set-cookie")?.split(";")[0] ?? "";

/** The query of an app's request for access, by the implicit flow unless told otherwise. */
export const authorizeUrl = (user: string, query: Record<string, string> = {}): string =>
  `/oauth/authorize/${user}?${new URLSearchParams({
    redirect_uri: `${APP_ORIGIN}/`,
    scope: "notes:rw",
    client_id: APP_ORIGIN,
    response_type: "token",
    ...query,
  })}`;

/** What the consent page's form sends; `fields` change it. */
export const submitConsent = (
  user: TestUser,
  query: Record<string, string> = {},
  fields: Record<string, string> = {},
): Promise<Response> =>
  sendForm(
    authorizeUrl(user.name, query),
    { decision: "allow", duration: "always", ...fields },
    { cookie: user.cookie },
  );

/** The parameters in the fragment of a redirect, as remotestorage.js reads them. */
export const fragmentParameters = (response: Response): Record<string, string> =>
  Object.fromEntries(
    (response.headers.get("location")?.split("#")[1] ?? "")
      .split("&")
      .map((pair) => pair.split("=").map(decodeURIComponent)),
  );

/** An app with a token: its requests go to paths below <storage_root>. */
export class TestApp {
  readonly user: string;
  readonly token: string;

  constructor(user: string, token: string) {
    this.user = user;
    this.token = token;
  }

  request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("Authorization", `Bearer ${this.token}`);
    return send(`/storage/${this.user}${path}`, { ...init, method, headers });
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request("GET", path, { headers });
  }

  head(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request("HEAD", path, { headers });
  }

  put(path: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
    return this.request("PUT", path, {
      body,
      headers: { "Content-Type": "text/plain", ...headers },
    });
  }

  delete(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.request("DELETE", path, { headers });
  }

  /** The items of a folder. */
  async list(path: string): Promise<Record<string, ListedItem>> {
    const response = await this.get(path);
    return ((await response.json()) as { items: Record<string, ListedItem> }).items;
  }

  /** The version of a folder or document, null if it is not there. */
  async version(path: string): Promise<string | null> {
    return (await this.head(path)).headers.get("etag");
  }

  /** Everything below a folder by its path: version, type, length. */
  async tree(folder = "/"): Promise<Record<string, ListedItem>> {
    const tree: Record<string, ListedItem> = {};
    for (const [name, item] of Object.entries(await this.list(encodePath(folder)))) {
      const path = folder + name;
      tree[path] = item;
      if (name.endsWith("/")) Object.assign(tree, await this.tree(path));
    }
    return tree;
  }
}

export interface ListedItem {
  ETag: string;
  "Content-Type"?: string;
  "Content-Length"?: number;
  "Last-Modified"?: string;
}

/** Percent-encodes the names of a path, not its slashes. */
export const encodePath = (path: string): string =>
  path.split("/").map(encodeURIComponent).join("/");

/** An app that the person has allowed this scope by the implicit flow. */
export async function connectApp(
  user: TestUser,
  scope = "*:rw",
  fields: Record<string, string> = {},
): Promise<TestApp> {
  const { access_token } = fragmentParameters(await submitConsent(user, { scope }, fields));
  if (!access_token) throw new Error("No access token was granted.");
  return new TestApp(user.name, access_token);
}

/** Someone new with an app that may do everything. */
export const createUserWithApp = async (scope = "*:rw"): Promise<TestApp> =>
  connectApp(await createUser(), scope);

/** The keys of all bodies in R2 that belong to an account. */
export async function listBodyKeys(user: string): Promise<string[]> {
  const row = await env.DB.prepare("SELECT id FROM accounts WHERE name = ?").bind(user).first();
  const { objects } = await env.BODIES.list({ prefix: `${row?.id}/` });
  return objects.map(({ key }) => key);
}
