/** Documents to import: from an archive, an older export, a backup of rs-backup, or plain files. */

import { TransferError } from "../requests.js";
import { findBag, readBag } from "./bag.js";
import { isExport, readExport } from "./export.js";
import { readFiles } from "./files.js";
import { findBackup, readBackup } from "./rs-backup.js";

/**
 * A document that can be imported.
 * @typedef {object} SourceDocument
 * @property {string} path
 * @property {string} type
 * @property {boolean} isTypeGuessed by the name
 * @property {number | null} length
 * @property {number | null} [modified] when it was last modified, milliseconds since 1970
 * @property {string | null} etag at the source, if it knows one
 * @property {string | null} digest SHA-256 in hexadecimal, if the source says it
 * @property {boolean} [canStream] the stream fails before its end if it fails, so the document may be sent as
 *   it is read
 * @property {import("../batch.js").BatchReader | null} [batch] reads many documents of the source at once
 * @property {() => Promise<ReadableStream<Uint8Array>>} open may be called several times; the stream fails if the
 *   document is damaged
 */

/** @typedef {{path: string, refusal: TransferError}} RefusedDocument `path`: what it is called in the source */

/** What a source has of documents. @typedef {SourceDocument | RefusedDocument | import("./system-files.js").SystemFile} SourceItem */

/**
 * @typedef {object} Source
 * @property {"archive" | "export" | "rs-backup" | "files"} format
 * @property {AsyncIterable<SourceItem>} documents
 * @property {AsyncIterable<import("../databases/source.js").DatabaseEntry> | null} databases null: it cannot have any
 */

/**
 * Finds out what the files are, and reads them as that. Refuses with `unknown-format` a bag that is no
 * archive, or of another version; with `damaged` an archive whose own lists are.
 * @param {import("./file-tree.js").FileTree} tree
 * @returns {Promise<Source>}
 */
export async function openSource(tree) {
  const bag = findBag(tree);
  if (bag !== null) return { format: "archive", ...(await readBag(tree, bag)) };
  const databases = null;
  if (isExport(tree)) return { format: "export", documents: await readExport(tree), databases };
  const backup = findBackup(tree);
  if (backup !== null) {
    return { format: "rs-backup", documents: readBackup(tree, backup), databases };
  }
  if (tree.size === 0) {
    throw new TransferError("empty", "There are no files to import.");
  }
  return { format: "files", documents: readFiles(tree), databases };
}
