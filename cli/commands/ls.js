/** `satchel ls`: lists a folder, or everything below it. */

import { TransferError } from "../../transfer/requests.js";
import { listFolder, walk } from "../../transfer/walk.js";
import { EXIT } from "../lib/exit-codes.js";
import { formatBytes } from "../lib/output.js";
import { isFolderPath, parsePath } from "../lib/paths.js";

/**
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{folder: string, long?: boolean, recursive?: boolean}} options
 */
export async function ls({ output }, { storage }, { folder, long = false, recursive = false }) {
  const path = parsePath(folder).replace(/\/?$/, "/");
  let exitCode = EXIT.done;
  /** @param {string} name @param {import("../../transfer/listing.js").FolderItem} item */
  const print = (name, item) => {
    const { length, type, modified, etag } = item;
    const time = modified === null ? "" : new Date(modified).toISOString();
    const size = length === null ? "" : formatBytes(length);
    output.line(long ? `${size.padStart(10)}  ${time.padEnd(24)}  ${name}  ${type ?? ""}` : name);
    output.result({ path: path + name, etag, type, length, modified: time || null });
  };
  if (!recursive) {
    const { items } = await listFolder(storage, path);
    for (const item of items) print(item.isFolder ? `${item.name}/` : item.name, item);
    if (items.length === 0 && !isFolderPath(folder)) {
      await requireNoDocument(storage, path.slice(0, -1));
    }
    return exitCode;
  }
  for await (const step of walk(storage, [path])) {
    if (step.kind === "document") print(step.path.slice(path.length), step.item);
    if (step.kind === "failure") {
      exitCode = EXIT.partial;
      output.warn(step.error.message);
    }
  }
  return exitCode;
}

/**
 * A folder that has nothing, or does not exist, may be meant to be a document.
 * @param {import("../../transfer/storage.js").StorageClient} storage
 * @param {string} path
 */
async function requireNoDocument(storage, path) {
  if (path === "" || (await storage.head(path)) === null) return;
  throw new TransferError("malformed", `${path} is a document: use satchel get to read it.`);
}
