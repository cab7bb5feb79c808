/** Brings documents into a storage: what is there already is compared first, and nothing is lost. */

import { concurrently } from "./concurrently.js";
import { Content } from "./content.js";
import { isKnownToBeEqual, readAhead } from "./read-ahead.js";
import { TransferError } from "./requests.js";
import { Target } from "./target.js";

const CONCURRENT_DOCUMENTS = 6;

/** Attempts to write a document that others change meanwhile. */
const MAX_ATTEMPTS = 3;

/** Names that are tried for the second of two documents. */
const MAX_COPIES = 100;

/** Refusals after which no other document can be written either. */
const FATAL = ["unauthorized", "unreachable", "rate-limited"];

/** @typedef {import("./sources/source.js").SourceItem} SourceItem */
/** @typedef {import("./read-ahead.js").Known} Known */
/** @typedef {import("./storage.js").StorageClient} StorageClient */
/** @typedef {import("./listing.js").FolderItem} FolderItem */

/**
 * What has become of a document, or in a dry run would:
 *
 * - `new`: it was written; `equal`: it was there with the same bytes and type
 * - `kept`, `replaced`, `both`: another was there, and was kept, replaced, or kept beside it
 * - `refused`: by the source or the server; `error` says why
 * - `omitted`: it is no document but a file that macOS or Windows has added
 * @typedef {object} ImportResult
 * @property {string} path
 * @property {"new" | "equal" | "kept" | "replaced" | "both" | "refused" | "omitted"} outcome
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
 * @param {AsyncIterable<SourceItem>} documents
 * @param {StorageClient} storage
 * @param {ImportOptions} options
 * @returns {AsyncGenerator<ImportResult>}
 */
export async function* importDocuments(documents, storage, options) {
  const target = new Target(storage);
  let available = options.availableBytes ?? null;
  const work = (/** @type {import("./read-ahead.js").ReadAhead} */ { document, known }) =>
    importOne(document, known, target, options);
  const ahead = readAhead(documents, target, options);
  for await (const result of concurrently(ahead, CONCURRENT_DOCUMENTS, work)) {
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
 * @param {SourceItem} document
 * @param {Known} known
 * @param {Target} target
 * @param {ImportOptions} options
 * @returns {Promise<ImportResult>}
 */
async function importOne(document, known, target, options) {
  const { path } = document;
  if ("isSystemFile" in document) return { path, outcome: "omitted" };
  if ("refusal" in document) return { path, outcome: "refused", error: document.refusal };
  const facts = { path, length: document.length, sourceETag: document.etag };
  const content = new Content(document);
  for (let attempt = 1; ; attempt++) {
    try {
      const decision = await decide(content, attempt === 1 ? known : {}, target, options);
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
 * @param {Known} ahead
 * @param {Target} target
 * @param {ImportOptions} options
 * @returns {Promise<Decision>}
 */
async function decide(content, ahead, target, { onConflict, known }) {
  const { document } = content;
  const { path } = document;
  const item = ahead.item === undefined ? await target.find(path) : ahead.item;
  if (item === null) return { outcome: "new", as: path, replaces: null };
  const isEqual =
    isKnownToBeEqual(document, item, known) ||
    (await content.equals(item, path, target.storage, ahead.stored));
  if (isEqual) {
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
