/** `satchel put`: uploads a file. */

import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { blob } from "node:stream/consumers";
import mime from "mime";
import { TransferError } from "../../transfer/requests.js";
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
  const { etag, isNew } = await storage.put(
    path,
    { length: content.size, open: () => content },
    {
      type: type ?? mime.getType(path) ?? "application/octet-stream",
      ...(replace ? {} : { ifMatch: null }),
      ...(ifMatch === undefined ? {} : { ifMatch }),
    },
  );
  output.line(path);
  output.result({ path, etag, isNew });
  return EXIT.done;
}

/** @param {string} file */
async function openFile(file) {
  const found = await stat(file).catch(() => null);
  if (!found?.isFile()) throw new TransferError("no-file", `${file} is no file.`);
  return openAsBlob(file);
}
