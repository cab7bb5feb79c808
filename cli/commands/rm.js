/** `satchel rm`: deletes documents. */

import { TransferError } from "../../transfer/requests.js";
import { walk } from "../../transfer/walk.js";
import { EXIT } from "../lib/exit-codes.js";
import { isFolderPath, parsePath } from "../lib/paths.js";

/** Refusals after which the next document would meet the same. */
const FATAL = ["unauthorized", "unreachable", "rate-limited"];

/**
 * Deletes documents, and with `recursive` folders. A document that is changed after it was listed is
 * left alone.
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{paths: string[], recursive?: boolean}} options
 */
export async function rm(context, { storage }, { paths, recursive = false }) {
  const parsed = paths.map(parsePath);
  const folder = parsed.find(isFolderPath);
  if (folder !== undefined && !recursive) {
    throw new TransferError(
      "malformed",
      `${folder} is a folder: use -r to delete all that is in it.`,
    );
  }
  let exitCode = EXIT.done;
  /** @param {string} path @param {string} [ifMatch] */
  const remove = async (path, ifMatch) => {
    try {
      const isDeleted = await storage.delete(path, ifMatch === undefined ? {} : { ifMatch });
      if (!isDeleted) throw new TransferError("not-found", `${path} does not exist.`);
      context.output.line(path);
      context.output.result({ path, deleted: true });
    } catch (error) {
      if (!(error instanceof TransferError) || FATAL.includes(error.code)) throw error;
      exitCode = EXIT.partial;
      context.output.result({ path, deleted: false, error: error.code });
      context.output.warn(error.message);
    }
  };
  for (const path of parsed) {
    if (!isFolderPath(path)) await remove(path);
    else
      for (const { path: below, etag } of await listBelow(storage, path)) await remove(below, etag);
  }
  return exitCode;
}

/**
 * Everything is listed before the first deletion: a folder that cannot be read stays whole.
 * @param {import("../../transfer/storage.js").StorageClient} storage
 * @param {string} folder
 */
async function listBelow(storage, folder) {
  const documents = [];
  for await (const step of walk(storage, [folder])) {
    if (step.kind === "failure") throw step.error;
    if (step.kind === "document") documents.push({ path: step.path, etag: step.item.etag });
  }
  return documents;
}
