/** An app at a provider: sends requests below a storage root, with a token or without one. */

import { Failure, Undecided } from "./outcomes.js";

/** @typedef {import("./answer.js").Answer} Answer */

/** Paths are percent-encoded, relative to the storage root, and begin with "/". */
export class App {
  #send;
  #root;
  #token;

  /**
   * @param {import("./http.js").Send} send
   * @param {string} root the storage root, without a slash at its end
   * @param {string | null} token
   */
  constructor(send, root, token) {
    this.#send = send;
    this.#root = root;
    this.#token = token;
  }

  get token() {
    return this.#token;
  }

  /** @param {string} path */
  url(path) {
    return this.#root + path;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {import("./http.js").RequestOptions} [options]
   * @returns {Promise<Answer>}
   */
  request(method, path, options = {}) {
    /** @type {Record<string, string>} */
    const authorization = this.#token === null ? {} : { Authorization: `Bearer ${this.#token}` };
    return this.#send(this.url(path), {
      ...options,
      method,
      headers: { ...authorization, ...options.headers },
    });
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} [headers]
   */
  get(path, headers = {}) {
    return this.request("GET", path, { headers });
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} [headers]
   */
  head(path, headers = {}) {
    return this.request("HEAD", path, { headers });
  }

  /**
   * @param {string} path
   * @param {string | Uint8Array} body
   * @param {Record<string, string>} [headers]
   */
  put(path, body, headers = {}) {
    return this.request("PUT", path, {
      body,
      headers: { "Content-Type": "text/plain", ...headers },
    });
  }

  /**
   * @param {string} path
   * @param {Record<string, string>} [headers]
   */
  delete(path, headers = {}) {
    return this.request("DELETE", path, { headers });
  }

  /**
   * Stores a document that the case needs. Throws `Undecided` if that is refused. The answer has the ETag of
   * the document, even of a provider that does not send it with a PUT.
   */
  async store(/** @type {Parameters<App["put"]>} */ ...args) {
    const answer = prepared(await this.put(...args));
    if (answer.etag === "") answer.laterEtag = await this.etag(args[0]);
    return answer;
  }

  /** Deletes a document for what the case is about. Throws `Undecided` if that is refused. */
  async remove(/** @type {Parameters<App["delete"]>} */ ...args) {
    return prepared(await this.delete(...args));
  }

  /** Reads what the case needs. Throws `Undecided` if that is refused. */
  async read(/** @type {Parameters<App["get"]>} */ ...args) {
    return prepared(await this.get(...args));
  }

  /**
   * The items of a folder. Throws `Undecided` if it is not described; a case is about that.
   * @param {string} folder
   * @returns {Promise<Record<string, any>>}
   */
  async list(folder) {
    const answer = await this.get(folder);
    const items = answer.json?.items;
    if (answer.ok && items !== null && typeof items === "object") return items;
    if (answer.status === 404) return {};
    throw new Undecided("unprepared", `${answer.asked} did not describe the folder.`);
  }

  /** The ETag of a folder or document, as a GET sends it; "" if there is none. */
  async etag(/** @type {string} */ path) {
    return (await this.get(path)).etag;
  }

  /**
   * Expects that an action leaves a document as it is.
   * @template T
   * @param {string} path of the document, which need not exist
   * @param {() => Promise<T>} action
   */
  async expectUnchanged(path, action) {
    const before = await this.get(path);
    const result = await action();
    const after = await this.get(path);
    const isSame =
      before.status === after.status &&
      before.etag === after.etag &&
      (!before.ok || before.text === after.text);
    if (!isSame) throw new Failure(`After ${describe(result)} the document is not as before.`);
    return result;
  }
}

/** @param {Answer} answer */
function prepared(answer) {
  if (answer.ok) return answer;
  throw new Undecided("unprepared", `${answer.asked} was refused with ${answer.status}.`);
}

/** @param {unknown} result */
function describe(result) {
  const { asked, status } = /** @type {Partial<Answer>} */ (result ?? {});
  return asked ? `${asked}, which was answered with ${status},` : "the request";
}
