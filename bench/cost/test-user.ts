/** A user with an account and a connected app, by ordinary requests to the provider. */

/** Sends a request to a path or URL of the provider, without following redirects. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

export interface TestUser {
  send: Send;
  user: string;
  /** <user>@<host>. */
  address: string;
  /** GET of a path of the provider, with the app's token. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Request to a path below <storage_root>, with the app's token. */
  requestStorage(method: string, path: string, init?: RequestInit): Promise<Response>;
  /** Authorizes the app. Returns a code for `redeemCode`. */
  authorizeCode(): Promise<string>;
  redeemCode(code: string): Promise<Response>;
  refreshTokens(token: string): Promise<Response>;
}

const APP = "https://app.example";
const PASSWORD = "correct horse battery";
const CODE_VERIFIER = "a-verifier-of-an-app-that-is-long-enough-for-it";

/** Signs up with the provider at this host, and connects an app with full access. */
export async function createUser(send: Send, user: string, host: string): Promise<TestUser> {
  const signedUp = await send("/sign-up", form({ name: user, password: PASSWORD }));
  const cookie = signedUp.headers.get("set-cookie")?.split(";")[0];
  if (!cookie) throw new Error(`Signing up failed: ${signedUp.status}`);

  const authorize = async (query: Record<string, string>): Promise<URL> => {
    const parameters = { client_id: APP, redirect_uri: `${APP}/`, scope: "*:rw", ...query };
    const path = `/oauth/authorize/${user}?${new URLSearchParams(parameters)}`;
    const decision = { decision: "allow", duration: "always", "level:*": "rw" };
    const response = await send(path, form(decision, { Cookie: cookie }));
    const { headers } = response;
    return new URL(headers.get("location") ?? headers.get("refresh")?.slice("0;url=".length) ?? "");
  };
  const fragment = (await authorize({ response_type: "token" })).hash.slice(1);
  const Authorization = `Bearer ${new URLSearchParams(fragment).get("access_token")}`;

  const requestTokens = (fields: Record<string, string>) =>
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
      const code_challenge = await codeChallenge(CODE_VERIFIER);
      const query = { response_type: "code", code_challenge, code_challenge_method: "S256" };
      return (await authorize(query)).searchParams.get("code") ?? "";
    },
    redeemCode: (code) =>
      requestTokens({
        grant_type: "authorization_code",
        code,
        redirect_uri: `${APP}/`,
        code_verifier: CODE_VERIFIER,
      }),
    refreshTokens: (refresh_token) => requestTokens({ grant_type: "refresh_token", refresh_token }),
  };
}

const form = (
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): RequestInit => ({ method: "POST", body: new URLSearchParams(fields), headers });

/** RFC 7636 §4.2, S256. */
async function codeChallenge(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(hash)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
