/** `satchel import`: writes the documents and databases of an archive, or the files of a ZIP or a folder. */

import { stat } from "node:fs/promises";
import { importAll } from "../../transfer/import-all.js";
import { TransferError } from "../../transfer/requests.js";
import { openSource } from "../../transfer/sources/source.js";
import { openZip } from "../../transfer/sources/zip-tree.js";
import { openRandomAccess, readFolder } from "../lib/folder-tree.js";
import { reportImport } from "../lib/import-report.js";
import { readQuota } from "../lib/quota.js";

/** Of a ZIP: some ten million files, which take about three gigabytes of memory. */
const MAX_DIRECTORY_BYTES = 2 ** 31;

/**
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{source: string, onConflict: "keep" | "replace" | "both", dryRun?: boolean}} options
 */
export async function importArchive(context, connection, { source, onConflict, dryRun = false }) {
  const tree = await openTree(source);
  try {
    const opened = await openSource(tree);
    const quota = dryRun ? await readQuota(context, connection) : null;
    const results = importAll(opened, connection, {
      onConflict,
      isDryRun: dryRun,
      availableBytes: quota?.availableBytes ?? null,
    });
    return await reportImport(results, context.output, { isDryRun: dryRun });
  } finally {
    await tree.close();
  }
}

/** @param {string} source */
async function openTree(source) {
  const found = await stat(source).catch(() => null);
  if (found === null) throw new TransferError("no-file", `${source} does not exist.`);
  if (found.isDirectory()) return readFolder(source);
  const file = await openRandomAccess(source);
  return openZip(file, MAX_DIRECTORY_BYTES).catch(async (error) => {
    await file.close();
    if (!(error instanceof TransferError)) throw error;
    throw new TransferError(error.code, `${source}: ${error.message}`, { cause: error });
  });
}
