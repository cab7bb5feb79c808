/** The provider as its clients see it: sends requests, creates users, connects apps. */

import { env, exports } from "cloudflare:workers";
import { insertAccount, insertPassword } from "../../src/accounts/db/accounts";
import { insertBrowserSession } from "../../src/accounts/db/sessions";
import { formatScopes, parseScopes } from "../../src/core/scope";
import { randomId, randomSecret, sha256 } from "../../src/core/secrets";
import { DAY_MS } from "../../src/core/time";
import { issueImplicitToken } from "../../src/oauth/grant-types/implicit-grant";
import { parseRedirectUri, type RedirectUri } from "../../src/oauth/redirect-uri";
import { cheapPasswordHash } from "./cheap-passwords";
import { guardedEnv } from "./guard/worker";
import { ORIGIN } from "./origin";
import { accountId } from "./rows";
import { urlOf } from "./urls";

export { ORIGIN };
export const APP_ORIGIN = "https://app.example";
export const PASSWORD = "correct horse battery";

/**
 * A request as the network delivers it; redirects are not followed. It comes through Cloudflare's edge
 * if it has cf-ray, or has cf-connecting-ip and is https.
 */
export function incomingRequest(pathOrUrl: string, init: RequestInit = {}): Request {
  const headers = new Headers(init.headers);
  const url = urlOf(pathOrUrl);
  const isThroughEdge =
    headers.has("cf-ray") || (headers.has("cf-connecting-ip") && url.protocol === "https:");
  const options = {
    redirect: "manual" as const,
    ...init,
    ...(isThroughEdge ? { cf: { colo: "FRA" } } : {}),
  };
  return new Request(url, options);
}

/** Sends a request to the Worker. */
export const send = (pathOrUrl: string, init?: RequestInit): Promise<Response> =>
  exports.default.fetch(incomingRequest(pathOrUrl, init));

/** Submits a form of our own pages, as a browser with this cookie would. */
export const sendForm = (
  path: string,
  fields: Record<string, string>,
  { cookie, ...headers }: Record<string, string> = {},
): Promise<Response> =>
  send(path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: {
      Accept: "text/html",
      Origin: ORIGIN,
      ...(cookie ? { Cookie: cookie } : {}),
      ...headers,
    },
  });

/** Other numbers in each test file, all with as many digits: objects are named after users. */
let createdUsers = 1000 * (1000 + Math.floor(Math.random() * 9000));

/** A user name that is not taken. */
export const uniqueUserName = (): string => `user-${++createdUsers}`;

/** A user who is signed in on one browser. */
export interface TestUser {
  name: string;
  cookie: string;
}

/**
 * Creates a user with PASSWORD and a session. Inserts the rows directly, because the sign-up form
 * hashes the password slowly.
 */
export async function createUser(name = uniqueUserName()): Promise<TestUser> {
  return { name, cookie: await createSession(await createAccountRow(name)) };
}

/** Creates an account with PASSWORD. Returns its id. */
async function createAccountRow(name: string): Promise<string> {
  const now = Date.now();
  const account = { id: randomId(), name, invitation: null };
  const credential = insertPassword(env.DB, account.id, cheapPasswordHash(PASSWORD), now);
  if ((await insertAccount(env.DB, account, credential, true, now)) !== "created") {
    throw new Error(`The name ${name} is taken.`);
  }
  return account.id;
}

/** Creates another session of an account that has just signed in. Returns its cookie. */
export async function createSession(account: string): Promise<string> {
  const now = Date.now();
  const secret = randomSecret();
  const session = {
    hash: await sha256(secret),
    createdAt: now,
    expiresAt: now + 30 * DAY_MS,
    authenticatedAt: now,
    seenAt: now,
    device: null,
    country: null,
  };
  await insertBrowserSession(env.DB, account, session, null);
  return `__Host-session=${secret}`;
}

/** The first cookie that a response sets, as a browser would send it back. */
export const sessionCookie = (response: Response): string =>
  response.headers.get("set-cookie")?.split(";")[0] ?? "";

/** The path and query of an authorization request, by default of the implicit flow. */
export const authorizeUrl = (user: string, query: Record<string, string> = {}): string =>
  `/oauth/authorize/${user}?${new URLSearchParams({
    redirect_uri: `${APP_ORIGIN}/`,
    scope: "notes:rw",
    client_id: APP_ORIGIN,
    response_type: "token",
    ...query,
  })}`;

/** Submits the form of the consent page; `fields` override its fields. */
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

/** Where a browser goes next: by a redirect, or from the page that returns to the app; "" if nowhere. */
export const locationOf = ({ headers }: Response): string =>
  headers.get("location") ?? headers.get("refresh")?.replace(/^0;url=/, "") ?? "";

/** The parameters in the fragment of that address, parsed as remotestorage.js does. */
export const fragmentParameters = (response: Response): Record<string, string> =>
  Object.fromEntries(
    (locationOf(response).split("#")[1] ?? "")
      .split("&")
      .map((pair) => pair.split("=").map(decodeURIComponent)),
  );

/** An app with a token; its paths are below <storage_root>. */
export class TestApp {
  readonly user: string;
  readonly token: string;

  constructor(user: string, token: string) {
    this.user = user;
    this.token = token;
  }

  /** The ids in the token, by which the server counts what the app does. */
  get claims(): { account: string; grant: string } {
    const { sub: account, grant } = JSON.parse(atob(this.token.split(".")[1] as string));
    return { account, grant };
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

  /** The ETag of a folder or document; null if it does not exist. */
  async version(path: string): Promise<string | null> {
    return (await this.head(path)).headers.get("etag");
  }

  /** All items below a folder, by their paths. */
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

/** An item of a folder description. */
export interface ListedItem {
  ETag: string;
  "Content-Type"?: string;
  "Content-Length"?: number;
  "Last-Modified"?: string;
}

/** Percent-encodes a path, except for its slashes. */
export const encodePath = (path: string): string =>
  path.split("/").map(encodeURIComponent).join("/");

/** Connects an app of the user with this scope, with the rows that the consent page writes for the implicit flow. */
export const connectApp = async ({ name }: TestUser, scope = "*:rw"): Promise<TestApp> =>
  grantAccess(await accountId(name), name, scope);

/** Connects an app by the form of the consent page, with these fields of it. */
export async function connectAppByForm(
  user: TestUser,
  scope: string,
  fields: Record<string, string>,
): Promise<TestApp> {
  const { access_token } = fragmentParameters(await submitConsent(user, { scope }, fields));
  if (!access_token) throw new Error("No access token was granted.");
  return new TestApp(user.name, access_token);
}

/** Creates a user, and connects an app with this scope; by default it has full access. */
export async function createUserWithApp(scope = "*:rw"): Promise<TestApp> {
  const name = uniqueUserName();
  return grantAccess(await createAccountRow(name), name, scope);
}

/** Grants the app at APP_ORIGIN access for as long as the user likes. */
async function grantAccess(id: string, user: string, scope: string): Promise<TestApp> {
  const scopes = parseScopes(scope);
  if (scopes === null) throw new Error(`Not a scope: ${scope}`);
  const consent = {
    account: { id, name: user, isAdmin: false },
    app: { origin: APP_ORIGIN, url: `${APP_ORIGIN}/`, label: null },
    redirectUri: parseRedirectUri(`${APP_ORIGIN}/`) as RedirectUri,
    scope: formatScopes(scopes),
    expiresAt: null,
    browser: randomId(),
  };
  // With the bindings of the Worker, which then has the signing keys, as after a form.
  const { access_token } = (await issueImplicitToken(guardedEnv(env), consent, Date.now())) ?? {};
  if (!access_token) throw new Error("The account has too many apps.");
  return new TestApp(user, access_token);
}

/** The R2 keys of all bodies of a user. */
export async function listBodyKeys(user: string): Promise<string[]> {
  const row = await env.DB.prepare("SELECT id FROM accounts WHERE name = ?").bind(user).first();
  const { objects } = await env.BODIES.list({ prefix: `${row?.id}/` });
  return objects.map(({ key }) => key);
}
