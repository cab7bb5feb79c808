/** `satchel put`: uploads a file. */

import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { blob } from "node:stream/consumers";
import mime from "mime";
import { digestOf } from "../../transfer/digest.js";
import { putConditionally } from "../../transfer/put-conditionally.js";
import { TransferError } from "../../transfer/requests.js";
import { chunksOf } from "../../transfer/streams.js";
import { EXIT } from "../lib/exit-codes.js";
import { isFolderPath, parsePath } from "../lib/paths.js";

/**
 * Writes a file, or stdin if it is "-", to a document.
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{file: string, document: string, type?: string, replace: boolean, ifMatch?: string}} options
 *   `replace`: false refuses to replace a document
 */
export async function put(
  { streams, output },
  { storage },
  { file, document, type, replace, ifMatch },
) {
  const typed = parsePath(document);
  if (isFolderPath(typed) && file === "-") {
    throw new TransferError("malformed", `${typed} is a folder: say which document to write.`);
  }
  const path = isFolderPath(typed) ? typed + basename(file) : typed;
  const content = /** @type {Blob} */ (
    file === "-" ? await blob(streams.stdin) : await openFile(file)
  );
  const options = { type: type ?? mime.getType(path) ?? "application/octet-stream" };
  const { etag, isNew } =
    replace && ifMatch === undefined
      ? await storage.put(path, sendable(content), options)
      : await putUnlessChanged(storage, path, content, { ...options, ifMatch: ifMatch ?? null });
  output.line(path);
  output.result({ path, etag, isNew });
  return EXIT.done;
}

/** @param {Blob} content */
const sendable = (content) => ({ length: content.size, open: () => content });

/**
 * Writes a document unless it has changed. Whether it has is asked before: otherwise nobody could say whether a document
 * that is the same afterwards was there already, or was written by a request whose answer was lost.
 * @param {import("../../transfer/storage.js").StorageClient} storage
 * @param {string} path
 * @param {Blob} content
 * @param {{type: string, ifMatch: string | null}} options
 */
async function putUnlessChanged(storage, path, content, options) {
  const before = await storage.head(path);
  if (options.ifMatch === null && before !== null) {
    throw new TransferError("conflict", `${path} exists, and is not replaced.`);
  }
  // Only the server can say whether another ETag stands for the same version.
  if ((before?.etag ?? null) !== options.ifMatch) {
    return storage.put(path, sendable(content), options);
  }
  const digest = async () =>
    (await digestOf(chunksOf(/** @type {any} */ (content.stream())))).digest;
  return putConditionally(storage, path, { ...sendable(content), digest }, options);
}

/** @param {string} file */
async function openFile(file) {
  const found = await stat(file).catch(() => null);
  if (found === null) throw new TransferError("no-file", `${file} does not exist.`);
  if (found.isDirectory()) {
    throw new TransferError("no-file", `${file} is a folder: use satchel import or satchel sync.`);
  }
  if (!found.isFile()) {
    throw new TransferError("no-file", `${file} is no ordinary file: use - for stdin.`);
  }
  return openAsBlob(file);
}
