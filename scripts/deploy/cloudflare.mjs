/** Cloudflare's API, for one account, with the rights of wrangler's sign-in. */

import { CommandError } from "../lib/command.mjs";
import { runWrangler } from "./wrangler.mjs";

const DEFAULT_BASE_URL = "https://api.cloudflare.com/client/v4";

/** Longest wait for an answer. */
const TIMEOUT_MS = 60_000;

const NO_SUCH_WORKER = 10007;
const NO_SUCH_BUCKET = 10006;
const R2_NOT_ENABLED = 10042;

const NOT_SIGNED_IN = `You are not signed in to Cloudflare. Run

  npx wrangler login

or, where there is no browser, set CLOUDFLARE_API_TOKEN to an API token (docs/deploy.md says which
permissions it needs). Then run this command again.`;

/** Nobody is signed in. */
export class SignInMissing extends CommandError {}

/** An answer of Cloudflare's API that is no success. */
export class CloudflareError extends CommandError {
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * Signs in as wrangler does, and finds the account. Throws a SignInMissing if nobody is signed in, and a
 * CommandError if it is not clear which account is meant; both say what to do.
 * @param {string} [chosen] id of the account
 */
export async function openAccount(chosen) {
  const headers = await authorization();
  const id = chosen ?? process.env.CLOUDFLARE_ACCOUNT_ID;
  if (id) return new CloudflareAccount(id, headers);
  const accounts = await call(headers, "GET", "/accounts?per_page=50");
  if (accounts.length === 0) {
    throw new CommandError("Cloudflare lists no account for this sign-in: add --account <id>.");
  }
  if (accounts.length > 1) {
    const list = accounts.map((account) => `  --account ${account.id}   ${account.name}`);
    throw new CommandError(`You have several accounts. Choose one:\n\n${list.join("\n")}`);
  }
  return new CloudflareAccount(accounts[0].id, headers);
}

/** The headers of wrangler's sign-in: an API token of the environment, or what `wrangler login` has stored. */
async function authorization() {
  const apiToken = process.env.CLOUDFLARE_API_TOKEN;
  if (apiToken) return { Authorization: `Bearer ${apiToken}` };
  const { code, stdout } = await runWrangler(["auth", "token", "--json"]);
  if (code !== 0) throw new SignInMissing(NOT_SIGNED_IN);
  const { type, token, key, email } = JSON.parse(stdout);
  return type === "api_key"
    ? { "X-Auth-Key": key, "X-Auth-Email": email }
    : { Authorization: `Bearer ${token}` };
}

/** The calls that a deployment needs. Each throws a CloudflareError if it is refused. */
class CloudflareAccount {
  #headers;
  #path;

  constructor(id, headers) {
    this.id = id;
    this.#headers = headers;
    this.#path = `/accounts/${id}`;
  }

  /**
   * The version of a Worker that is deployed, with its bindings.
   * @returns {Promise<{id: string, bindings: Record<string, any>[]} | null>} null: no such Worker
   */
  async deployedVersion(worker) {
    const path = `/workers/scripts/${worker}`;
    const found = await unlessMissing(NO_SUCH_WORKER, this.#get(`${path}/deployments`));
    const id = found?.deployments[0]?.versions.at(-1)?.version_id;
    if (id === undefined) return null;
    const { resources } = await this.#get(`${path}/versions/${id}`);
    return { id, bindings: resources.bindings };
  }

  /** The account's part of the addresses under workers.dev; null if it has none yet. */
  async subdomain() {
    const found = await unlessMissing(NO_SUCH_WORKER, this.#get("/workers/subdomain"));
    return found?.subdomain ?? null;
  }

  /** The Worker that a host leads to as its custom domain; null if there is none. */
  async workerAt(host) {
    const [domain] = await this.#get(`/workers/domains?hostname=${encodeURIComponent(host)}`);
    return domain?.service ?? null;
  }

  /** @returns {Promise<{uuid: string, jurisdiction?: string | null} | null>} */
  async findDatabase(name) {
    const found = await this.#get(`/d1/database?name=${encodeURIComponent(name)}`);
    return found.find((database) => database.name === name) ?? null;
  }

  /** @returns {Promise<{uuid: string}>} */
  createDatabase(name, { location, jurisdiction }) {
    return this.#post("/d1/database", {
      name,
      ...(jurisdiction ? { jurisdiction } : location && { primary_location_hint: location }),
    });
  }

  /** The rows that the first statement returns. */
  async query(databaseId, sql) {
    const [{ results }] = await this.#post(`/d1/database/${databaseId}/query`, { sql });
    return results;
  }

  /** A step of D1's export. @returns {Promise<any>} */
  exportDatabase(databaseId, request) {
    return this.#post(`/d1/database/${databaseId}/export`, request);
  }

  /** A step of D1's import. @returns {Promise<any>} */
  importDatabase(databaseId, request) {
    return this.#post(`/d1/database/${databaseId}/import`, request);
  }

  async hasBucket(name, jurisdiction) {
    const request = this.#get(`/r2/buckets/${name}`, inJurisdiction(jurisdiction));
    return (await unlessMissing(NO_SUCH_BUCKET, request)) !== null;
  }

  createBucket(name, { location, jurisdiction }) {
    const body = { name, ...(!jurisdiction && location && { locationHint: location }) };
    return this.#post("/r2/buckets", body, inJurisdiction(jurisdiction));
  }

  #get(path, headers = {}) {
    return call({ ...this.#headers, ...headers }, "GET", this.#path + path);
  }

  #post(path, body, headers = {}) {
    return call({ ...this.#headers, ...headers }, "POST", this.#path + path, body);
  }
}

const inJurisdiction = (jurisdiction) =>
  jurisdiction ? { "cf-r2-jurisdiction": jurisdiction } : {};

/** null instead of the error that says that something does not exist. */
async function unlessMissing(code, request) {
  try {
    return await request;
  } catch (error) {
    if (error instanceof CloudflareError && error.code === code) return null;
    throw error;
  }
}

async function call(headers, method, path, body) {
  const base = process.env.CLOUDFLARE_API_BASE_URL || DEFAULT_BASE_URL;
  let response;
  try {
    response = await fetch(base + path, {
      method,
      headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new CloudflareError(
      `Cloudflare cannot be reached (${error.cause?.code ?? error.message}).`,
    );
  }
  const answer = await response.json().catch(() => null);
  if (answer?.success) return answer.result;
  const [{ code, message } = {}] = answer?.errors ?? [];
  throw new CloudflareError(refusalText(response.status, code, message), response.status, code);
}

function refusalText(status, code, message) {
  if (code === R2_NOT_ENABLED) {
    return "R2 is not enabled in this account: enable it at https://dash.cloudflare.com/?to=/:account/r2 (Cloudflare wants a means of payment, also for the free allowance).";
  }
  const said = `Cloudflare said: ${message ?? "nothing"} (status ${status}${code ? `, code ${code}` : ""}).`;
  if (status !== 401 && status !== 403) return said;
  return `Your sign-in lacks the rights. ${said} Run npx wrangler login again, or give the token in CLOUDFLARE_API_TOKEN the permissions that docs/deploy.md lists.`;
}
