/** Somebody with an account and an app, who comes in through the public doors alone. */

/** Sends a request to the provider: a path, or a URL. Redirects are not followed. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

export interface TestUser {
  send: Send;
  user: string;
  /** <user>@<host>. */
  address: string;
  /** With the app's token, to a path of the provider. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** With the app's token, to a path below <storage_root>. */
  requestStorage(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** A code that the app may redeem with `redeem`. */
  authorizeCode(): Promise<string>;
  redeemCode(code: string): Promise<Response>;
  refreshTokens(token: string): Promise<Response>;
}

const APP = "https://app.example";
const PASSWORD = "correct horse battery";
const VERIFIER = "a-verifier-of-an-app-that-is-long-enough-for-it";

/** Signs up with the provider at this host, and lets an app use everything. */
export async function createUser(send: Send, user: string, host: string): Promise<TestUser> {
  const signedUp = await send("/sign-up", form({ name: user, password: PASSWORD }));
  const cookie = signedUp.headers.get("set-cookie")?.split(";")[0];
  if (!cookie) throw new Error(`Signing up failed: ${signedUp.status}`);

  const allow = async (query: Record<string, string>): Promise<URL> => {
    const wish = { client_id: APP, redirect_uri: `${APP}/`, scope: "*:rw", ...query };
    const path = `/oauth/authorize/${user}?${new URLSearchParams(wish)}`;
    const decision = { decision: "allow", duration: "always", "level:*": "rw" };
    const response = await send(path, form(decision, { Cookie: cookie }));
    return new URL(response.headers.get("location") ?? "");
  };
  const fragment = (await allow({ response_type: "token" })).hash.slice(1);
  const Authorization = `Bearer ${new URLSearchParams(fragment).get("access_token")}`;

  const askForTokens = (fields: Record<string, string>) =>
    send("/oauth/token", form(fields, { Origin: APP }));
  return {
    send,
    user,
    address: `${user}@${host}`,
    get: (path, headers = {}) => send(path, { headers: { ...headers, Authorization } }),
    requestStorage(method, path, init = {}) {
      const headers = new Headers(init.headers);
      headers.set("Authorization", Authorization);
      return send(`/storage/${user}${path}`, { ...init, method, headers });
    },
    async authorizeCode() {
      const code_challenge = await challengeOf(VERIFIER);
      const query = { response_type: "code", code_challenge, code_challenge_method: "S256" };
      return (await allow(query)).searchParams.get("code") ?? "";
    },
    redeemCode: (code) =>
      askForTokens({
        grant_type: "authorization_code",
        code,
        redirect_uri: `${APP}/`,
        code_verifier: VERIFIER,
      }),
    refreshTokens: (refresh_token) => askForTokens({ grant_type: "refresh_token", refresh_token }),
  };
}

const form = (
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): RequestInit => ({ method: "POST", body: new URLSearchParams(fields), headers });

/** RFC 7636 §4.2, S256. */
async function challengeOf(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(hash)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
