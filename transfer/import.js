/** Brings documents into a storage: what is there already is compared first, and nothing is lost. */

import { concurrently } from "./concurrently.js";
import { digestOf } from "./digest.js";
import { TransferError } from "./requests.js";
import { chunksOf, joinBytes } from "./streams.js";
import { Target } from "./target.js";

const CONCURRENT_DOCUMENTS = 6;

/** Longer documents are not held in memory: they are read once to verify them, and again to send them. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/** Attempts to write a document that others change meanwhile. */
const MAX_ATTEMPTS = 3;

/** Names that are tried for the second of two documents. */
const MAX_COPIES = 100;

/** Refusals after which no other document can be written either. */
const FATAL = ["unauthorized", "unreachable"];

/** @typedef {import("./sources/source.js").SourceDocument} SourceDocument */
/** @typedef {import("./sources/source.js").RefusedDocument} RefusedDocument */
/** @typedef {import("./storage.js").StorageClient} StorageClient */
/** @typedef {import("./storage.js").FolderItem} FolderItem */

/**
 * What has become of a document, or in a dry run would:
 *
 * - `new`: it was written; `equal`: it was there with the same bytes and type
 * - `kept`, `replaced`, `both`: another was there, and was kept, replaced, or kept beside it
 * - `refused`: by the source or the server; `error` says why
 * @typedef {object} ImportResult
 * @property {string} path
 * @property {"new" | "equal" | "kept" | "replaced" | "both" | "refused"} outcome
 * @property {string} [as] the path of the document that was written, if it is another
 * @property {number | null} [length]
 * @property {string | null} [sourceETag]
 * @property {string | null} [etag] of the document as it is now, if that is known
 * @property {TransferError} [error]
 */

/**
 * @typedef {object} ImportOptions
 * @property {"keep" | "replace" | "both"} onConflict what to do if another document is there
 * @property {boolean} [isDryRun] says what would be done, and does nothing
 * @property {number | null} [availableBytes] how much fits into the storage, for a dry run
 * @property {(path: string) => {source: string, target: string} | undefined} [known] ETags of documents
 *   that are known to be equal
 */

/**
 * Imports documents, several at a time. Every write is conditional: a document that somebody else
 * writes meanwhile is compared again. After an interruption the same import goes on, as what was
 * written is `equal` then. Fails with what concerns all documents, such as `unauthorized`.
 * @param {AsyncIterable<SourceDocument | RefusedDocument>} documents
 * @param {StorageClient} storage
 * @param {ImportOptions} options
 * @returns {AsyncGenerator<ImportResult>}
 */
export async function* importDocuments(documents, storage, options) {
  const target = new Target(storage);
  let available = options.availableBytes ?? null;
  const work = (/** @type {SourceDocument | RefusedDocument} */ document) =>
    importOne(document, target, options);
  for await (const result of concurrently(documents, CONCURRENT_DOCUMENTS, work)) {
    const isWrite = ["new", "replaced", "both"].includes(result.outcome);
    if (options.isDryRun && isWrite && available !== null) {
      available -= result.length ?? 0;
      if (available < 0) {
        const error = new TransferError("over-quota", `${result.path} does not fit any more.`);
        yield { ...result, outcome: "refused", error };
        continue;
      }
    }
    yield result;
  }
}

/**
 * @param {SourceDocument | RefusedDocument} document
 * @param {Target} target
 * @param {ImportOptions} options
 * @returns {Promise<ImportResult>}
 */
async function importOne(document, target, options) {
  const { path } = document;
  if ("refusal" in document) return { path, outcome: "refused", error: document.refusal };
  const facts = { path, length: document.length, sourceETag: document.etag };
  const content = new Content(document);
  for (let attempt = 1; ; attempt++) {
    try {
      const decision = await decide(content, target, options);
      return { ...facts, ...(await apply(content, target.storage, decision, options)) };
    } catch (error) {
      if (!(error instanceof TransferError) || FATAL.includes(error.code)) throw error;
      target.forget(path);
      // Somebody has written it meanwhile, or an earlier attempt of ours has.
      if (error.code === "conflict" && attempt < MAX_ATTEMPTS) continue;
      return { ...facts, outcome: "refused", error };
    }
  }
}

/**
 * What to do with a document. `replaces` is the ETag of the one to replace, null for none.
 * @typedef {{outcome: "equal" | "kept", etag: string}
 *   | {outcome: "new" | "replaced" | "both", as: string, replaces: string | null}} Decision
 */

/**
 * @param {Content} content
 * @param {Target} target
 * @param {ImportOptions} options
 * @returns {Promise<Decision>}
 */
async function decide(content, target, { onConflict, known }) {
  const { path } = content.document;
  const item = await target.find(path);
  if (item === null) return { outcome: "new", as: path, replaces: null };
  const before = known?.(path);
  const isKnown = before?.source === content.document.etag && before?.target === item.etag;
  if (isKnown || (await content.equals(item, path, target.storage))) {
    return { outcome: "equal", etag: item.etag };
  }
  if (onConflict === "keep") return { outcome: "kept", etag: item.etag };
  if (onConflict === "replace") return { outcome: "replaced", as: path, replaces: item.etag };
  return decideCopy(content, target);
}

/**
 * @param {Content} content
 * @param {Target} target
 * @returns {Promise<Decision>}
 */
async function decideCopy(content, target) {
  for (let number = 1; number <= MAX_COPIES; number++) {
    const as = copyPath(content.document.path, number);
    const item = await target.find(as);
    if (item === null) return { outcome: "both", as, replaces: null };
    if (await content.equals(item, as, target.storage))
      return { outcome: "equal", etag: item.etag };
  }
  throw new TransferError("conflict", `${content.document.path} has too many copies already.`);
}

/** "/a/b.txt" becomes "/a/b (imported).txt". @param {string} path @param {number} number */
function copyPath(path, number) {
  const [, start, extension] = /^(.*?[^/])(\.[^./]+)?$/s.exec(path) ?? [];
  return `${start} (imported${number === 1 ? "" : ` ${number}`})${extension ?? ""}`;
}

/**
 * @param {Content} content
 * @param {StorageClient} storage
 * @param {Decision} decision
 * @param {ImportOptions} options
 * @returns {Promise<Omit<ImportResult, "path">>}
 */
async function apply(content, storage, decision, { isDryRun = false }) {
  if (!("as" in decision)) return decision;
  const { outcome, as, replaces } = decision;
  const result = { outcome, ...(as === content.document.path ? {} : { as }) };
  const body = await content.sendable(isDryRun);
  if (isDryRun) return { ...result, length: body.length };
  const { type, modified: originalTime = null } = content.document;
  const { etag } = await storage.put(as, body, { type, ifMatch: replaces, originalTime });
  return { ...result, length: body.length, etag };
}

/** The bytes of a document, verified before they are sent or compared. */
class Content {
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
   * @param {StorageClient} storage
   */
  async equals(item, path, storage) {
    const { length, type, isTypeGuessed } = this.document;
    if (item.isFolder || (item.type !== null && !isTypeGuessed && item.type !== type)) return false;
    if (item.length !== null && length !== null && item.length !== length) return false;
    const stored = await storage.get(path);
    if (stored === null) return false;
    const { digest } = await digestOf(chunksOf(stored.body));
    const isSameType = isTypeGuessed || stored.type === type;
    return isSameType && digest === (await this.verified()).digest;
  }
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
