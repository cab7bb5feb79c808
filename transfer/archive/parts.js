/** Splits an export into archives of bounded size, each of which is complete. */

import { writeArchive } from "./write.js";

/** An archive of more files could not be imported in one go: `sources/zip-tree.js`. */
const MAX_DOCUMENTS = 100_000;

/** @typedef {import("./write.js").ArchiveEntry} ArchiveEntry */

/**
 * An archive of some entries, one after the other: the next may be asked for when this one has been read to its end.
 * @typedef {object} ArchivePart
 * @property {ReadableStream<Uint8Array>} archive
 * @property {() => string | null} last the path of the last document, when it is complete
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
  try {
    do {
      /** @type {string | null} */
      let last = null;
      let written = 0;
      let documents = 0;
      const some = async function* () {
        for (; !next.done; next = await iterator.next()) {
          // What has changed belongs to the document before it.
          const isFull = documents > 0 && (written >= maxBytes || documents >= MAX_DOCUMENTS);
          if (isFull && next.value.kind !== "change") return;
          yield next.value;
          if (next.value.kind === "document") {
            documents++;
            last = next.value.path;
          }
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
