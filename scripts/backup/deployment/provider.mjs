/** The routes of a deployment by which its operator reads and restores RxDB databases: src/rxdb/routes/backup.ts. */

import { DatabasesClient } from "../../../transfer/databases/client.js";
import { isLoopback } from "../../../transfer/discover.js";
import { TransferError } from "../../../transfer/requests.js";
import { StorageClient } from "../../../transfer/storage.js";
import { originOf } from "../../deploy/origin.mjs";
import { CommandError } from "../../lib/command.mjs";

/** How to set the secret. */
export const SET_TOKEN = `Set a secret of at least 32 characters for the Worker:

  openssl rand -hex 32
  npx wrangler secret put BACKUP_TOKEN

and BACKUP_TOKEN to the same in the environment of this command.`;

/** Of the list of a module's collections, for instance. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** @typedef {import("./read-index.mjs").ModuleName} ModuleName */

/**
 * A collection as the provider lists it. `state` is another one after every change of its documents.
 * @typedef {{database: string, collection: string, version: number, documents: number, bytes: number, state: string}} ListedCollection
 */

/**
 * Opens the provider with the BACKUP_TOKEN of the environment; null if there is none. Throws a CommandError if the
 * provider does not accept it.
 * @param {Awaited<ReturnType<typeof import("./open.mjs").openDeployment>>} deployment
 * @param {string} [origin] if not that of deploy.toml
 * @returns {Promise<Provider | null>}
 */
export async function openProvider({ account, configuration }, origin) {
  const token = process.env.BACKUP_TOKEN;
  if (!token) return null;
  const address = origin ?? (await originOf(account, configuration));
  const { protocol, hostname } = new URL(address);
  if (protocol !== "https:" && !isLoopback(hostname)) {
    throw new CommandError(`BACKUP_TOKEN is not sent to ${address} without encryption.`);
  }
  const provider = new Provider(address, token);
  await provider.isEmpty();
  return provider;
}

/** The databases of all accounts of a provider. */
export class Provider {
  #origin;
  #token;

  /**
   * @param {string} origin
   * @param {string} token
   */
  constructor(origin, token) {
    this.#origin = origin;
    this.#token = token;
  }

  /** A client of the databases of an account. @param {ModuleName} name */
  databasesOf({ account, user }) {
    const root = `${this.#origin}/backup/${account}/${user}`;
    return new DatabasesClient(root, new StorageClient({ root, token: this.#token }));
  }

  /** Whether it has no accounts, not even deleted ones. Throws a CommandError if it does not accept the token. */
  async isEmpty() {
    return withProvider(async () => {
      const { response, json } = await this.#ask("/backup", "GET");
      if (response.status === 404) {
        throw new CommandError(`${this.#origin} has no BACKUP_TOKEN. ${SET_TOKEN}`);
      }
      if (response.status === 401) {
        throw new CommandError(`${this.#origin} has another BACKUP_TOKEN. ${SET_TOKEN}`);
      }
      return (await json(({ isEmpty }) => typeof isEmpty === "boolean")).isEmpty;
    });
  }

  /**
   * The collections of a module; null if its account has been deleted.
   * @param {ModuleName} name
   * @returns {Promise<ListedCollection[] | null>}
   */
  async list(name) {
    const { response, json } = await this.#ask(pathOf(name), "GET");
    if (response.status === 404) {
      const refusal = await response.json().catch(() => null);
      if (refusal?.error === "not-found") return null;
      throw this.#malformed();
    }
    const areListed = ({ collections }) =>
      Array.isArray(collections) && collections.every(isListed);
    return (await json(areListed)).collections;
  }

  /** Erases whatever the object of a module has. Refused if there is such an account. @param {ModuleName} name */
  async erase(name) {
    for (let isDone = false; !isDone; ) {
      const { json } = await this.#ask(pathOf(name), "DELETE");
      ({ isDone } = await json((answer) => typeof answer.isDone === "boolean"));
    }
  }

  /** `json` reads the answer, and refuses with `malformed` one that is not as it should be. */
  async #ask(path, method) {
    const storage = new StorageClient({ root: this.#origin, token: this.#token });
    const url = this.#origin + path;
    const { response, bytes } = await storage.read(url, () => ({ method }), MAX_ANSWER_BYTES);
    const json = async (isExpected) => {
      await storage.requireSuccess(response, path);
      const answer = parseJson(new TextDecoder().decode(bytes));
      if (answer === null || !isExpected(answer)) throw this.#malformed();
      return answer;
    };
    return { response, json };
  }

  #malformed() {
    return new TransferError("malformed", `${this.#origin} does not answer as it should.`);
  }
}

/** @param {string} text @returns {any} an object; null if it is no JSON */
function parseJson(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Whether it is a `ListedCollection`. */
const isListed = (one) =>
  [one?.database, one?.collection, one?.state].every((name) => typeof name === "string") &&
  [one.version, one.documents, one.bytes].every(Number.isSafeInteger);

const pathOf = ({ account, user, module }) => `/backup/${account}/${user}/${module}`;

/**
 * Does some work with the provider. Its refusals become CommandErrors.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withProvider(work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TransferError) throw new CommandError(error.message);
    throw error;
  }
}
