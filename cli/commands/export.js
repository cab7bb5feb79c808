/** `satchel export`: writes an archive of all documents, or of some modules. */

import { existsSync } from "node:fs";
import { writeArchive } from "../../transfer/archive/write.js";
import { foldersOf, readStorage } from "../../transfer/read-storage.js";
import { TransferError } from "../../transfer/requests.js";
import { EXIT } from "../lib/exit-codes.js";
import { writeStream } from "../lib/files.js";
import { formatBytes } from "../lib/output.js";

/**
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{file: string, modules: string[], force?: boolean}} options
 */
export async function exportArchive({ output }, connection, { file, modules, force = false }) {
  if (existsSync(file) && !force) {
    throw new TransferError("exists", `${file} exists: use --force to replace it.`);
  }
  const { address, storage } = connection;
  const progress = output.progress("Documents");
  const counts = { documents: 0, changed: 0, failed: 0, bytes: 0 };
  async function* entries() {
    for await (const entry of readStorage(storage, foldersOf(modules))) {
      if (entry.kind === "failure") {
        counts.failed++;
        output.result({ path: entry.path, error: entry.error.code });
        output.warn(entry.error.message);
        continue;
      }
      if (entry.kind === "change") counts.changed++;
      yield entry;
      if (entry.kind !== "document") continue;
      counts.documents++;
      progress.add();
    }
  }
  try {
    const archive = writeArchive(entries(), { address, modules, now: new Date() });
    await writeStream(file, archive, (bytes) => {
      counts.bytes += bytes;
    });
  } finally {
    progress.stop();
  }
  const { documents, bytes, changed, failed } = counts;
  output.line(`${file}: ${documents} documents, ${formatBytes(bytes)}.`);
  if (changed > 0)
    output.line(`${changed} were changed or deleted meanwhile; the archive lists them.`);
  if (failed > 0) output.line(`${failed} documents or folders could not be read.`);
  output.result({ file, ...counts });
  return failed > 0 ? EXIT.partial : EXIT.done;
}
