/** A client of the routes that read and write RxDB databases as a whole: docs/databases.md. */

import { TransferError } from "../requests.js";
import { readBytes } from "../streams.js";

/** Of one response: a page of documents, with one that is as large as a document may be. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;

/** Attachments are smaller than a message of RxDB. */
const MAX_ATTACHMENT_BYTES = 64 * 1024 * 1024;

/** How often the bytes of an attachment are asked for again if the connection breaks. */
const MAX_READS = 3;

/**
 * A collection, in one version of its schema.
 * @typedef {object} CollectionName
 * @property {string} module
 * @property {string} database
 * @property {string} collection
 * @property {number} version
 */

/** @typedef {{document: string, name: string, digest: string}} AttachmentName `document`: its id */

/**
 * What became of a document that was to be written.
 * @typedef {{outcome: "new" | "equal" | "kept" | "replaced" | "incomplete", missing?: string[]}} WriteResult
 */

/** The databases of one account. */
export class DatabasesClient {
  /**
   * @param {string} url as the server announces it
   * @param {import("../storage.js").StorageClient} storage whose token is used
   */
  constructor(url, storage) {
    this.url = url;
    this.storage = storage;
  }

  /** The modules that have databases, as far as the token may read them. @returns {Promise<string[]>} */
  async modules() {
    const { modules } = await this.#json("", "the databases");
    return Array.isArray(modules) ? modules.map(String) : [];
  }

  /**
   * The collections of a module, none if it has no databases.
   * @param {string} module
   * @returns {Promise<(CollectionName & {documents: number, bytes: number, state: string})[]>}
   */
  async collections(module) {
    const answer = await this.#find(`/${encodeURIComponent(module)}`, module);
    const collections = Array.isArray(answer?.collections) ? answer.collections : [];
    return collections.map((one) => ({ module, ...one }));
  }

  /**
   * The JSON schema of a collection, and the number of its latest write; null if there is no such collection.
   * @param {CollectionName} name
   * @returns {Promise<{schema: Record<string, unknown>, seq: number} | null>}
   */
  async describe(name) {
    return /** @type {any} */ (await this.#find(pathOf(name, "collection"), labelOf(name)));
  }

  /**
   * Documents that were written after `since`, and up to `until` unless it is null; null if there is no such
   * collection.
   * @param {CollectionName} name
   * @param {number} since
   * @param {number | null} until
   * @returns {Promise<{documents: Record<string, unknown>[], since: number, isLast: boolean} | null>}
   */
  async readPage(name, since, until) {
    const query = { since: String(since), ...(until === null ? {} : { until: String(until) }) };
    return /** @type {any} */ (await this.#find(pathOf(name, "documents", query), labelOf(name)));
  }

  /**
   * The bytes of an attachment, all of them; null if the document does not have it any more.
   * @param {CollectionName} name
   * @param {AttachmentName} attachment
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>}
   */
  async readAttachment(name, attachment) {
    for (let attempt = 1; ; attempt++) {
      const response = await this.#send(pathOf(name, "attachment", attachment), {});
      if (response.status === 404) {
        await response.body?.cancel();
        return null;
      }
      await this.storage.requireSuccess(response, labelOf(name));
      const length = response.headers.get("Content-Length");
      try {
        const bytes = await readBytes(response.body, MAX_ATTACHMENT_BYTES);
        if (length === null || bytes.byteLength === Number(length)) return bytes;
        throw new TransferError("damaged", `${labelOf(name)}: an attachment arrived in part.`);
      } catch (error) {
        this.storage.network.signal?.throwIfAborted();
        if (attempt === MAX_READS) throw error;
      }
    }
  }

  /**
   * Creates a collection unless it exists. Refuses with `conflict` one that exists with another primary key.
   * @param {CollectionName} name
   * @param {string} schema JSON
   */
  async create(name, schema) {
    const response = await this.#send(pathOf(name, "collection"), { method: "PUT", body: schema });
    await this.storage.requireSuccess(response, labelOf(name));
    await response.body?.cancel();
  }

  /**
   * Uploads the bytes of an attachment. Returns the id by which a document may refer to it for a few minutes.
   * @param {string} module
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @returns {Promise<string>}
   */
  async upload(module, bytes) {
    const path = `/${encodeURIComponent(module)}/uploads`;
    const { upload } = await this.#json(path, module, { method: "POST", body: bytes });
    return String(upload);
  }

  /**
   * Writes documents with the revisions that they have. Returns what became of each, in their order.
   * @param {CollectionName} name
   * @param {string[]} documents JSON of each
   * @param {{hasAttachments: boolean, onConflict: "keep" | "replace", isDryRun: boolean}} options
   * @returns {Promise<WriteResult[]>}
   */
  async write(name, documents, { hasAttachments, onConflict, isDryRun }) {
    const path = pathOf(name, "documents", { onConflict, ...(isDryRun ? { dryRun: "1" } : {}) });
    const body = `{"attachments":${hasAttachments},"documents":[${documents.join(",")}]}`;
    const { results } = await this.#json(path, labelOf(name), { method: "POST", body });
    if (!Array.isArray(results) || results.length !== documents.length) {
      throw new TransferError(
        "malformed",
        `${labelOf(name)}: the server did not answer as it should.`,
      );
    }
    return results;
  }

  /** @param {string} path @param {RequestInit} init */
  async #send(path, init) {
    const { response } = await this.storage.send(this.url + path, () => init);
    return response;
  }

  /**
   * @param {string} path
   * @param {string} label
   * @param {RequestInit} [init]
   * @returns {Promise<Record<string, unknown>>}
   */
  async #json(path, label, init = {}) {
    const { response, bytes } = await this.storage.read(
      this.url + path,
      () => init,
      MAX_JSON_BYTES,
    );
    await this.storage.requireSuccess(response, label);
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw new TransferError("malformed", `${new URL(this.url).host} did not answer with JSON.`);
    }
  }

  /** @param {string} path @param {string} label @returns {Promise<Record<string, unknown> | null>} null: there is nothing */
  async #find(path, label) {
    try {
      return await this.#json(path, label);
    } catch (error) {
      if (error instanceof TransferError && error.code === "not-found") return null;
      throw error;
    }
  }
}

/** How a collection is called in messages and reports. @param {CollectionName} name */
export const labelOf = ({ module, database, collection, version }) =>
  `databases/${module}/${database}/${collection}-${version}`;

/**
 * @param {CollectionName} name
 * @param {string} resource
 * @param {Record<string, string>} [query]
 */
function pathOf({ module, database, collection, version }, resource, query = {}) {
  const parameters = new URLSearchParams({
    database,
    collection,
    version: String(version),
    ...query,
  });
  return `/${encodeURIComponent(module)}/${resource}?${parameters}`;
}
