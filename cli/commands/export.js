/** `satchel export`: writes an archive of all documents and databases, or of those of some modules. */

import { writeArchive } from "../../transfer/archive/write.js";
import { readAccount } from "../../transfer/read-account.js";
import { TransferError } from "../../transfer/requests.js";
import { EXIT } from "../lib/exit-codes.js";
import { requireReplaceable, writeStream } from "../lib/files.js";
import { formatBytes } from "../lib/output.js";

/**
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{file: string, modules: string[], force?: boolean}} options
 */
export async function exportArchive({ output }, connection, { file, modules, force = false }) {
  if (file === "-") {
    throw new TransferError("malformed", "An archive is not written to stdout: name a file.");
  }
  await requireReplaceable(file, { force });
  const { address, storage, databases } = connection;
  const progress = output.progress("Documents");
  const counts = { documents: 0, databaseDocuments: 0, changed: 0, failed: 0, bytes: 0 };
  async function* entries() {
    for await (const entry of readAccount(storage, databases, modules)) {
      if (entry.kind === "failure") {
        counts.failed++;
        output.result({ path: entry.path, error: entry.error.code });
        output.warn(entry.error.message);
        continue;
      }
      if (entry.kind === "change") counts.changed++;
      yield entry;
      if (entry.kind === "document") counts.documents++;
      if (entry.kind === "batch") counts.databaseDocuments += entry.documents.length;
      progress.add(entry.kind === "batch" ? entry.documents.length : +(entry.kind === "document"));
    }
  }
  const onIncomplete = (/** @type {string} */ label, /** @type {string} */ id) => {
    counts.failed++;
    output.result({ path: `${label}/${id}`, error: "missing" });
    output.warn(`${label}/${id}: an attachment of it cannot be read.`);
  };
  try {
    const info = { address, modules, now: new Date(), hasDatabases: databases !== null };
    const archive = writeArchive(entries(), { ...info, onIncomplete });
    await writeStream(file, archive, (bytes) => {
      counts.bytes += bytes;
    });
  } finally {
    progress.stop();
  }
  const { documents, databaseDocuments, bytes, changed, failed } = counts;
  const ofDatabases = databases === null ? "" : ` and ${databaseDocuments} of databases`;
  output.line(`${file}: ${documents} documents${ofDatabases}, ${formatBytes(bytes)}.`);
  if (changed > 0)
    output.line(`${changed} were changed or deleted meanwhile; the archive lists them.`);
  if (failed > 0) output.line(`${failed} documents or folders could not be read.`);
  output.result({ file, ...counts });
  return failed > 0 ? EXIT.partial : EXIT.done;
}
