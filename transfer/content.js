/** The content of a document that is imported: verified, compared, and sent. */

import { digestOf } from "./digest.js";
import { TransferError } from "./requests.js";
import { chunksOf, joinBytes } from "./streams.js";

/** Longer documents are not held in memory: they are read once to verify them, and again to send them. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/** @typedef {import("./sources/source.js").SourceDocument} SourceDocument */
/** @typedef {import("./listing.js").FolderItem} FolderItem */

/** What is compared of a document that is stored. @typedef {{type: string, digest: string}} StoredContent */

/** The bytes of a document, verified before they are sent or compared. */
export class Content {
  /** @type {import("./storage.js").ReplayableBody & {digest: string} | undefined} */
  #verified;

  /** @param {SourceDocument} document */
  constructor(document) {
    this.document = document;
  }

  /**
   * Reads the document once. Refuses with `damaged` one that does not have its digest.
   * @returns {Promise<import("./storage.js").ReplayableBody & {digest: string}>}
   */
  async verified() {
    this.#verified ??= await this.#verify();
    return this.#verified;
  }

  /**
   * What is sent. A long document that may be sent as it is read is not read before.
   * @param {boolean} isDryRun nothing is sent
   * @returns {Promise<import("./storage.js").ReplayableBody>}
   */
  async sendable(isDryRun) {
    const { length, canStream = false, open } = this.document;
    const isLong = length !== null && (isDryRun || length > MAX_BUFFERED_BYTES);
    if (canStream && isLong && this.#verified === undefined) return { length, open };
    return this.verified();
  }

  async #verify() {
    const { path, length, digest: expected, open } = this.document;
    const isShort = length !== null && length <= MAX_BUFFERED_BYTES;
    /** @type {Uint8Array[]} */
    const chunks = [];
    const found = await digestOf(
      isShort ? kept(chunksOf(await open()), chunks) : chunksOf(await open()),
    );
    if (expected !== null && found.digest !== expected) {
      throw new TransferError("damaged", `${path} does not have the digest that the archive says.`);
    }
    const bytes = isShort ? joinBytes(chunks) : null;
    return { ...found, open: bytes === null ? open : () => bytes };
  }

  /**
   * Whether a stored document has the same bytes and, unless ours is a guess, the same type.
   * @param {FolderItem} item
   * @param {string} path
   * @param {import("./storage.js").StorageClient} storage
   * @param {StoredContent} [known] what was read of it before
   */
  async equals(item, path, storage, known) {
    const { document } = this;
    if (!mayBeEqual(document, item)) return false;
    const stored = known ?? (await readStored(storage, path));
    const isSameType = document.isTypeGuessed || stored?.type === document.type;
    return isSameType && stored?.digest === (await this.verified()).digest;
  }
}

/**
 * Whether a stored document may have the same bytes and type, as far as its listing says.
 * @param {SourceDocument} document
 * @param {FolderItem} item
 */
export function mayBeEqual({ length, type, isTypeGuessed }, item) {
  if (item.isFolder || (item.type !== null && !isTypeGuessed && item.type !== type)) return false;
  return item.length === null || length === null || item.length === length;
}

/**
 * @param {import("./storage.js").StorageClient} storage
 * @param {string} path
 * @returns {Promise<StoredContent | null>} null: there is no such document any more
 */
async function readStored(storage, path) {
  const stored = await storage.get(path);
  if (stored === null) return null;
  const { digest } = await digestOf(chunksOf(stored.body));
  return { type: stored.type, digest };
}

/**
 * The same chunks, which are also kept.
 * @param {AsyncIterable<Uint8Array>} chunks
 * @param {Uint8Array[]} into
 */
async function* kept(chunks, into) {
  for await (const chunk of chunks) {
    into.push(chunk);
    yield chunk;
  }
}
