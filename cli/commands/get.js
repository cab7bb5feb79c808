/** `satchel get`: downloads a document. */

import { createHash } from "node:crypto";
import { rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Writable } from "node:stream";
import { openDocument } from "../../transfer/read-document.js";
import { TransferError } from "../../transfer/requests.js";
import { EXIT } from "../lib/exit-codes.js";
import { appendStream, claimPart, refusalOfWrite, requireReplaceable } from "../lib/files.js";
import { isFolderPath, parsePath } from "../lib/paths.js";

/**
 * Writes a document to a file, or to stdout if the file is "-". The file appears when it is complete. What an
 * interrupted download has left is continued, if the document is still the same.
 * @param {import("../lib/connection.js").Context} context
 * @param {import("../lib/connection.js").Connection} connection
 * @param {{document: string, file?: string, force?: boolean}} options
 */
export async function get({ streams, output }, { storage }, { document, file, force = false }) {
  const path = parsePath(document);
  if (isFolderPath(path)) {
    throw new TransferError(
      "malformed",
      `${path} is a folder: use satchel export or satchel sync.`,
    );
  }
  if (file === "-") {
    const { body } = await openExisting(storage, path);
    await body.pipeTo(Writable.toWeb(streams.stdout), { preventClose: true });
    return EXIT.done;
  }
  const name = basename(path);
  const isFolder = file !== undefined && (await stat(file).catch(() => null))?.isDirectory();
  const target = file === undefined ? name : isFolder ? join(file, name) : file;
  await requireReplaceable(target, { force });
  const length = await download(storage, path, target, output);
  output.line(target);
  output.result({ path, file: target, length });
  return EXIT.done;
}

/**
 * @param {import("../../transfer/storage.js").StorageClient} storage
 * @param {string} path
 * @param {string} target
 * @param {import("../lib/output.js").Output} output
 */
async function download(storage, path, target, output) {
  const found = await storage.head(path);
  if (found === null) throw notFound(path);
  // The name says of which version it is a part.
  const key = createHash("sha256")
    .update(`${storage.url(path)} ${found.etag}`)
    .digest("hex");
  const { part, release } = await claimPart(target, key.slice(0, 16));
  const from = (await stat(part).catch(() => null))?.size ?? 0;
  const isComplete = from > 0 && from === found.length;
  const progress = output.progress(basename(target));
  if (found.length !== null) progress.total(found.length);
  let received = from;
  try {
    if (!isComplete) {
      const opened = await openExisting(storage, path, { from, ifMatch: found.etag });
      if (opened.etag !== found.etag) throw changed(path);
      const flags = opened.isPart ? "a" : "w";
      if (!opened.isPart) received = 0;
      progress.add(received);
      await appendStream(part, opened.body, flags, (bytes) => {
        received += bytes;
        progress.add(bytes);
      });
    }
    if (found.length !== null && received !== found.length) {
      throw new TransferError("damaged", `${path}: ${received} of ${found.length} bytes arrived.`);
    }
    await rename(part, target);
  } catch (error) {
    // It is no part that another run could continue.
    if (error instanceof TransferError && error.code === "damaged") await rm(part, { force: true });
    else await release();
    throw refusalOfWrite(error, target);
  } finally {
    progress.stop();
  }
  return received;
}

/**
 * @param {import("../../transfer/storage.js").StorageClient} storage
 * @param {string} path
 * @param {{from?: number, ifMatch?: string}} [options]
 */
async function openExisting(storage, path, options) {
  const opened = await openDocument(storage, path, options);
  if (opened === null) throw notFound(path);
  return opened;
}

/** @param {string} path */
const notFound = (path) => new TransferError("not-found", `${path} does not exist.`);

/** @param {string} path */
const changed = (path) =>
  new TransferError("changed", `${path} was changed meanwhile. Run the command again.`);
