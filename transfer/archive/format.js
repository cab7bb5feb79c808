/** The names of the archive: docs/archive.md. */

/** Of an archive without databases, and of one that may have some. Both are read. */
export const ARCHIVE_VERSION = "1";
export const DATABASES_VERSION = "2";

/** The label of bag-info.txt that makes a bag an archive, and says its version. */
export const VERSION_LABEL = "Satchel-Archive-Version";

export const DOCUMENTS_FOLDER = "data/documents/";
export const DATABASES_FOLDER = "data/databases/";

/** A line of JSON for each document, and for each that was changed while the archive was written. */
export const DOCUMENTS_LIST = "satchel/documents.jsonl";
export const CHANGES_LIST = "satchel/changes.jsonl";

/** A line of JSON for each file of databases. */
export const DATABASES_LIST = "satchel/databases.jsonl";

export const MANIFEST = "manifest-sha256.txt";
export const TAG_MANIFEST = "tagmanifest-sha256.txt";

/** RFC 8493 §2.1.1. */
export const BAG_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/**
 * A line of the list of documents.
 * @typedef {object} ListedDocument
 * @property {string} path in the storage, decoded, with a slash at its start
 * @property {string} file below the bag
 * @property {string} type the Content-Type
 * @property {string} etag without quotes
 * @property {number} length bytes
 * @property {string | null} modified ISO 8601 in UTC; null: not known
 */

/**
 * A line of the list of changes: what was listed was changed or deleted before it was read.
 * @typedef {object} ListedChange
 * @property {string} path
 * @property {string} listed ETag
 * @property {string | null} archived ETag; null: the document is not in the archive
 */

/**
 * A line of the list of files of databases. Those of a collection come in a row, its schema first, and each attachment
 * before the documents that have it.
 * @typedef {import("../databases/client.js").CollectionName & {file: string} & (
 *   {content: "schema"}
 *   | {content: "documents" | "changes"}
 *   | {content: "attachment", document: string, name: string, digest: string})} ListedDatabaseFile
 */

/**
 * A line of the list of changes: a document of a database that could not be read with all its attachments.
 * @typedef {import("../databases/client.js").CollectionName & {document: string, archived: null}} ListedIncompleteDocument
 */
