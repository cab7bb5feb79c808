/** A client of a storage on any remoteStorage server: documents and folders, with conditions. */

import { bareETag, parseListing, parseTime } from "./listing.js";
import { fetchWithRetry, TransferError } from "./requests.js";
import { readBytes } from "./streams.js";

/** A listing larger than this is not read: about half a million documents. */
const MAX_LISTING_BYTES = 128 * 1024 * 1024;

const MAX_REFUSAL_BYTES = 64 * 1024;

/** How often an answer is asked for whose connection breaks before its end, unless the network says otherwise. */
const MAX_READS = 3;

/** The relation of the link to the endpoint that tells of changes, with the version of its protocol. */
const LIVE_REL = "urn:x-satchel:live:1";

/** Satchel keeps when a document was modified where it comes from: docs/archive.md. */
const ORIGINAL_TIME_HEADER = "Satchel-Original-Time";

/** The codes of refusals by their status. */
const CODE_BY_STATUS = /** @type {Record<number, string>} */ ({
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  412: "conflict",
  413: "too-large",
  414: "path-too-long",
  429: "rate-limited",
  507: "over-quota",
});

/** @typedef {import("./listing.js").FolderItem} FolderItem */

/**
 * @typedef {object} StoredDocument
 * @property {string} etag without quotes
 * @property {string} type
 * @property {number | null} length
 * @property {number | null} modified milliseconds since 1970
 * @property {ReadableStream<Uint8Array>} body
 */

/**
 * A body that can be sent again.
 * @typedef {object} ReplayableBody
 * @property {number} length
 * @property {() => BodyInit | Promise<BodyInit>} open
 */

/** The documents of one user. Paths are decoded and start with a slash; those of folders end with one. */
export class StorageClient {
  /**
   * @param {object} options
   * @param {string} options.root the storage root
   * @param {string | null | (() => Promise<string>)} [options.token] the function is called for each
   *   request, since a long transfer may outlive a token
   * @param {string | null} [options.origin] sent as `Origin`, by which some servers know their tokens
   * @param {boolean} [options.keepsTimes] whether the server keeps the original times of documents: Satchel does
   * @param {string | null} [options.batchUrl] where many documents can be read at once: docs/batch.md
   * @param {import("./requests.js").Network} [options.network]
   */
  constructor({
    root,
    token = null,
    origin = null,
    keepsTimes = false,
    batchUrl = null,
    network = {},
  }) {
    this.root = root.replace(/\/+$/, "");
    this.network = network;
    this.token = token;
    this.origin = origin;
    this.keepsTimes = keepsTimes;
    this.batchUrl = batchUrl;
  }

  /** @param {string} path */
  url(path) {
    return this.root + path.split("/").map(encodeURIComponent).join("/");
  }

  /**
   * Lists a folder: none if it does not exist. Refuses with `malformed` what is no folder description,
   * and with the refusal of the server.
   * @param {string} folder
   * @returns {Promise<{etag: string | null, items: FolderItem[], live: string | null}>} `live`: where the server
   *   tells of changes: docs/live.md
   */
  async list(folder) {
    const request = () => ({ method: "GET" });
    const { response, bytes } = await this.read(this.url(folder), request, MAX_LISTING_BYTES);
    if (response.status === 404) {
      await response.body?.cancel();
      return { etag: null, items: [], live: null };
    }
    await this.requireSuccess(response, folder);
    const items = parseListing(new TextDecoder().decode(bytes));
    if (items === null) {
      throw new TransferError("malformed", `The listing of ${folder} is no folder description.`);
    }
    const { headers } = response;
    return {
      etag: bareETag(headers.get("ETag")),
      items,
      live: linkTarget(headers.get("Link"), LIVE_REL),
    };
  }

  /**
   * Opens a document; null if it does not exist.
   * @param {string} path
   * @param {{from?: number, ifMatch?: string}} [options] `from`: the first byte wanted. The server may
   *   send the whole document: see `isPart`
   * @returns {Promise<(StoredDocument & {isPart: boolean}) | null>}
   */
  async get(path, { from = 0, ifMatch } = {}) {
    const headers = {
      ...(from > 0 ? { Range: `bytes=${from}-` } : {}),
      ...(from > 0 && ifMatch ? { "If-Range": `"${ifMatch}"` } : {}),
    };
    const { response } = await this.send(this.url(path), () => ({ method: "GET", headers }));
    if (response.status === 404) {
      await response.body?.cancel();
      return null;
    }
    await this.requireSuccess(response, path);
    return {
      ...describeDocument(response),
      isPart: response.status === 206,
      body: response.body ?? new Blob([]).stream(),
    };
  }

  /**
   * The facts of a document; null if it does not exist.
   * @param {string} path
   * @returns {Promise<Omit<StoredDocument, "body"> | null>}
   */
  async head(path) {
    const { response } = await this.send(this.url(path), () => ({ method: "HEAD" }));
    if (response.status === 404) return null;
    await this.requireSuccess(response, path);
    return describeDocument(response);
  }

  /**
   * Writes a document. Refuses with `conflict` if the condition does not hold; `isRepeated` says that
   * an earlier attempt of the same call may be the reason.
   * @param {string} path
   * @param {ReplayableBody} body
   * @param {{type: string, ifMatch?: string | null, originalTime?: number | null}} options `ifMatch`: the version to
   *   replace; null: only if there is no document; undefined: in any case. `originalTime`: when it was modified where it
   *   comes from, milliseconds since 1970, for servers that keep that
   * @returns {Promise<{etag: string | null, isNew: boolean}>}
   */
  async put(path, { open, length }, { type, ifMatch, originalTime = null }) {
    const { response, isRepeated } = await this.send(this.url(path), async () => {
      const content = await open();
      const isStream = content instanceof ReadableStream;
      const headers = {
        "Content-Type": type,
        ...conditionHeaders(ifMatch),
        ...(this.keepsTimes && originalTime !== null
          ? { [ORIGINAL_TIME_HEADER]: new Date(originalTime).toISOString() }
          : {}),
        ...(isStream ? { "Content-Length": String(length) } : {}),
      };
      return /** @type {RequestInit} */ ({
        method: "PUT",
        headers,
        body: content,
        ...(isStream ? { duplex: "half" } : {}),
      });
    });
    await this.requireSuccess(response, path, isRepeated);
    await response.body?.cancel();
    return { etag: bareETag(response.headers.get("ETag")), isNew: response.status === 201 };
  }

  /**
   * Deletes a document. Returns false if it did not exist. If the answer is lost, what is gone then counts as deleted.
   * @param {string} path
   * @param {{ifMatch?: string}} [options]
   */
  async delete(path, { ifMatch } = {}) {
    const headers = conditionHeaders(ifMatch);
    const { response, isRepeated } = await this.send(this.url(path), () => ({
      method: "DELETE",
      headers,
    }));
    const { status } = response;
    const mayBeGone = isRepeated && [404, 412].includes(status);
    if (mayBeGone && (status === 404 || (await this.head(path)) === null)) {
      await response.body?.cancel();
      return true;
    }
    if (status !== 404) await this.requireSuccess(response, path, isRepeated);
    await response.body?.cancel();
    return status !== 404;
  }

  /**
   * Sends a request with the token, to another endpoint of the same server. As `fetchWithRetry` does.
   * @param {string} url
   * @param {() => RequestInit | Promise<RequestInit>} init
   */
  async send(url, init) {
    const token = typeof this.token === "function" ? await this.token() : this.token;
    /** @type {Record<string, string>} */
    const always = {
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(this.origin === null ? {} : { Origin: this.origin }),
    };
    const request = async () => {
      const { headers, ...rest } = await init();
      return { ...rest, headers: { ...always, .../** @type {object} */ (headers) } };
    };
    return fetchWithRetry(url, request, this.network);
  }

  /**
   * Sends a request as `send` does, and reads the answer if it is a success; again if the connection breaks before its end, so
   * it must do no harm to send it twice. Refuses with `too-large`, and with `damaged` if it never comes to its end.
   * @param {string} url
   * @param {() => RequestInit} init
   * @param {number} maxBytes
   */
  async read(url, init, maxBytes) {
    const { signal, maxReads = MAX_READS } = this.network;
    for (let attempt = 1; ; attempt++) {
      const { response } = await this.send(url, init);
      if (!response.ok) return { response, bytes: new Uint8Array() };
      try {
        return { response, bytes: await readBytes(response.body, maxBytes) };
      } catch (cause) {
        signal?.throwIfAborted();
        if (cause instanceof TransferError) throw cause;
        if (attempt < maxReads) continue;
        const message = `${new URL(url).host} does not send its answer to the end.`;
        throw new TransferError("damaged", message, { cause });
      }
    }
  }

  /**
   * Throws the refusal of a response that is no success.
   * @param {Response} response
   * @param {string} path
   * @param {boolean} [isRepeated]
   */
  async requireSuccess(response, path, isRepeated = false) {
    const { status, ok } = response;
    if (ok) return;
    const bytes = await readBytes(response.body, MAX_REFUSAL_BYTES).catch(() => null);
    const said = bytes === null ? null : messageOf(new TextDecoder().decode(bytes));
    const message = said ?? `${new URL(this.root).host} answered with status ${status}.`;
    const code = CODE_BY_STATUS[status] ?? (status >= 500 ? "unavailable" : "refused");
    throw new TransferError(code, `${path}: ${message}`, { status, isRepeated });
  }
}

/** The facts of a document in the response to a GET or HEAD. @param {{headers: Headers}} response */
export function describeDocument({ headers }) {
  const length = headers.get("Content-Length");
  return {
    etag: bareETag(headers.get("ETag")) ?? "",
    type: headers.get("Content-Type") ?? "application/octet-stream",
    // The length of compressed bytes says nothing of the document's.
    length: length === null || headers.has("Content-Encoding") ? null : Number(length),
    modified: parseTime(headers.get("Last-Modified")),
  };
}

/** @param {string | null | undefined} ifMatch @returns {Record<string, string>} */
function conditionHeaders(ifMatch) {
  if (ifMatch === undefined) return {};
  return ifMatch === null ? { "If-None-Match": "*" } : { "If-Match": `"${ifMatch}"` };
}

/**
 * The target of a link with this relation: RFC 8288 §3; null if there is none.
 * @param {string | null} header
 * @param {string} rel
 */
function linkTarget(header, rel) {
  for (const [, target = "", parameters = ""] of header?.matchAll(/<([^>]*)>([^<]*)/g) ?? []) {
    const [, rels = ""] = /;\s*rel="?([^";,]*)/i.exec(parameters) ?? [];
    if (rels.split(/\s+/).includes(rel)) return target;
  }
  return null;
}

/** The sentence of a refusal in JSON; null if there is none. @param {string} text */
function messageOf(text) {
  try {
    const { message } = JSON.parse(text);
    return typeof message === "string" ? message : null;
  } catch {
    return null;
  }
}
