/** Reads many documents with one request, from servers that offer that: docs/batch.md. */

import { TransferError } from "./requests.js";
import { describeDocument } from "./storage.js";
import { readBytes } from "./streams.js";

/** Documents in one request. A server that takes fewer refuses them. */
const MAX_DOCUMENTS = 100;

/** A longer answer is not read: Satchel ends its answers before 8 MiB of documents. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** @typedef {Omit<import("./storage.js").StoredDocument, "body"> & {bytes: Uint8Array<ArrayBuffer>}} ReadDocument */

/** Reads many documents of a storage at once; null if its server does not offer that. @param {import("./storage.js").StorageClient} storage */
export const batchReaderOf = (storage) =>
  storage.batchUrl === null ? null : new BatchReader(storage, storage.batchUrl);

/** Reads documents of a storage, many at once. */
export class BatchReader {
  #limit = MAX_DOCUMENTS;

  /** @param {import("./storage.js").StorageClient} storage @param {string} url */
  constructor(storage, url) {
    this.storage = storage;
    this.url = url;
  }

  /**
   * Reads documents. Those that the server has not answered for, for whatever reason, are not among them: ask for
   * each by itself, which says why.
   * @param {string[]} paths
   * @returns {Promise<Map<string, ReadDocument | null>>} by path; null: there is no such document
   */
  async read(paths) {
    /** @type {Map<string, ReadDocument | null>} */
    const found = new Map();
    for (let next = 0; next < paths.length; ) {
      const parts = await this.#request(paths.slice(next, next + this.#limit));
      if (parts.length === 0) break;
      for (const { status, headers, bytes } of parts) {
        const path = /** @type {string} */ (paths[next++]);
        if (status === 404) found.set(path, null);
        if (status !== 200) continue;
        const facts = describeDocument({ headers });
        if (facts.length === bytes.byteLength) found.set(path, { ...facts, bytes });
      }
    }
    return found;
  }

  /**
   * The answers for the first of these documents; none if there are no complete ones.
   * @param {string[]} paths
   * @returns {Promise<Part[]>}
   */
  async #request(paths) {
    try {
      const body = JSON.stringify({ documents: paths.map((path) => ({ path })) });
      const { response } = await this.storage.send(this.url, () => ({ method: "POST", body }));
      if (response.status === 413 && paths.length > 1) {
        await response.body?.cancel();
        this.#limit = Math.ceil(paths.length / 2);
        return this.#request(paths.slice(0, this.#limit));
      }
      await this.storage.requireSuccess(response, this.url);
      const [, boundary = ""] =
        /boundary="?([^";]+)/.exec(response.headers.get("Content-Type") ?? "") ?? [];
      return parseParts(await readBytes(response.body, MAX_ANSWER_BYTES), boundary);
    } catch {
      this.storage.network.signal?.throwIfAborted();
      // Whatever the reason is, the requests for single documents meet it again, and report it.
      return [];
    }
  }
}

/** @typedef {{status: number, headers: Headers, bytes: Uint8Array<ArrayBuffer>}} Part */

/**
 * The parts of a multipart body (RFC 2046 §5.1), each of them a response (RFC 9112 §10.2) with as many bytes as its
 * Content-Length says.
 * @param {Uint8Array<ArrayBuffer>} body
 * @param {string} boundary
 * @returns {Part[]}
 */
function parseParts(body, boundary) {
  const parts = [];
  const lines = new LineReader(body);
  while (lines.next() === `--${boundary}`) {
    lines.headers();
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(lines.next()) ?? [];
    const headers = lines.headers();
    const bytes = lines.take(Number(headers.get("Content-Length") ?? 0));
    if (lines.next() !== "") throw new TransferError("malformed", "A part is too long.");
    parts.push({ status: Number(status), headers, bytes });
  }
  return parts;
}

/** Reads lines that end with CR LF, and bytes between them. Throws `malformed` at the end. */
class LineReader {
  #at = 0;

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  next() {
    const end = this.bytes.indexOf(CARRIAGE_RETURN, this.#at);
    const line = this.take(end - this.#at);
    this.take(2);
    return new TextDecoder().decode(line);
  }

  headers() {
    const headers = new Headers();
    for (let line = this.next(); line !== ""; line = this.next()) {
      const colon = line.indexOf(":");
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return headers;
  }

  /** @param {number} length */
  take(length) {
    const end = this.#at + length;
    if (!(length >= 0 && end <= this.bytes.byteLength)) {
      throw new TransferError("malformed", "The answer is not complete.");
    }
    const bytes = this.bytes.slice(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

const CARRIAGE_RETURN = 13;
