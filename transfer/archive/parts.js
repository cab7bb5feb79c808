/** Splits an export into archives of bounded size, each of which is complete. */

import { writeArchive } from "./write.js";

/** Documents of the storage, and files of those of databases. What the end of a ZIP says of each takes some two kilobytes of memory until then. */
const MAX_DOCUMENTS = 250_000;

/** @typedef {import("./write.js").ArchiveEntry} ArchiveEntry */

/**
 * An archive of some entries, one after the other: the next may be asked for when this one has been read to its end.
 * @typedef {object} ArchivePart
 * @property {ReadableStream<Uint8Array>} archive
 * @property {() => string | null} last the path of the last document of the storage in it or in those before it, when it is
 *   complete
 * @property {() => boolean} isLast whether no entries are left, when it is complete
 */

/**
 * Writes entries into as many archives as are needed: at least one. A part ends with the document with which it has
 * reached its size.
 * @param {AsyncIterable<ArchiveEntry>} entries
 * @param {import("./write.js").ArchiveInfo} info
 * @param {number} maxBytes
 * @returns {AsyncGenerator<ArchivePart>}
 */
export async function* writeParts(entries, info, maxBytes) {
  const iterator = entries[Symbol.asyncIterator]();
  let next = await iterator.next();
  /** @type {string | null} */
  let last = null;
  try {
    do {
      let written = 0;
      let count = 0;
      const some = async function* () {
        for (; !next.done; next = await iterator.next()) {
          const { value: entry } = next;
          // What has changed belongs to the document before it, and a batch to its collection.
          const mayBegin = entry.kind !== "change" && entry.kind !== "batch";
          const isFull = count > 0 && (written >= maxBytes || count >= MAX_DOCUMENTS);
          if (isFull && mayBegin) return;
          yield entry;
          count += filesOf(entry);
          if (entry.kind === "document") last = entry.path;
        }
      };
      const counter = new TransformStream({
        transform(/** @type {Uint8Array} */ chunk, controller) {
          written += chunk.byteLength;
          controller.enqueue(chunk);
        },
      });
      const archive = writeArchive(some(), info).pipeThrough(counter);
      yield { archive, last: () => last, isLast: () => next.done === true };
    } while (!next.done);
  } finally {
    await iterator.return?.(undefined);
  }
}

/** How many files an entry is in an archive, but for descriptions. @param {ArchiveEntry} entry */
function filesOf(entry) {
  if (entry.kind !== "batch") return entry.kind === "document" ? 1 : 0;
  return entry.documents.reduce((sum, { attachments }) => sum + attachments.length, 1);
}
