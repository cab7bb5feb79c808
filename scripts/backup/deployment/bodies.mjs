/**
 * The bodies in the backup of a deployment: a file for each object of the bucket, named by the hash of its key, and beside it
 * what is known of it. That is written last, so that an interrupted download is none.
 */

import { createHash } from "node:crypto";
import {
  createWriteStream,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { hashFile } from "../hash.mjs";

const FOLDER = "bodies";

/** The etag of an object that was uploaded as a whole. */
const MD5 = /^[0-9a-f]{32}$/;

/**
 * @typedef {import("./bucket.mjs").BucketObject & {sha256: string, metadata: Record<string, string>}} StoredBody
 */

/**
 * Whether an object of the bucket is the body of a document. Those of large attachments in databases are saved with their
 * databases, and get other keys.
 * @param {string} key
 */
export const isDocumentKey = (key) => !key.startsWith("rxdb/");

/** The file of a body in the backup. @param {string} key */
export function bodyFile(folder, key) {
  const hash = createHash("sha256").update(key).digest("hex");
  return join(folder, FOLDER, hash.slice(0, 2), hash);
}

/** What is known of all bodies in the backup. @returns {Generator<StoredBody>} */
export function* storedBodies(folder) {
  for (const path of globSync(`${FOLDER}/*/*.json`, { cwd: folder })) {
    yield JSON.parse(readFileSync(join(folder, path), "utf8"));
  }
}

/**
 * Downloads a body, unless the backup has it: a key is never written twice.
 * @param {import("./bucket.mjs").Bucket} bucket
 * @param {import("./bucket.mjs").BucketObject} object
 * @param {string} folder
 * @returns {Promise<"copied" | "known" | "missing" | "damaged">} `missing`: it is no longer there
 */
export async function downloadBody(bucket, { key, size, etag }, folder) {
  const file = bodyFile(folder, key);
  if (existsSync(`${file}.json`)) return "known";
  const object = await bucket.get(key);
  if (object === null) return "missing";
  mkdirSync(dirname(file), { recursive: true });
  const sums = { sha256: createHash("sha256"), md5: createHash("md5") };
  let received = 0;
  async function* counted(chunks) {
    for await (const chunk of chunks) {
      sums.sha256.update(chunk);
      sums.md5.update(chunk);
      received += chunk.byteLength;
      yield chunk;
    }
  }
  await pipeline(object.body, counted, createWriteStream(`${file}.new`));
  const isIntact = received === size && (!MD5.test(etag) || sums.md5.digest("hex") === etag);
  if (!isIntact) return "damaged";
  renameSync(`${file}.new`, file);
  const sha256 = sums.sha256.digest("hex");
  writeFileSync(
    `${file}.json.new`,
    JSON.stringify({ key, size, etag, sha256, metadata: object.metadata }),
  );
  renameSync(`${file}.json.new`, `${file}.json`);
  return "copied";
}

/**
 * Whether a body in the backup is as it was downloaded.
 * @param {string} folder
 * @param {StoredBody} body
 */
export async function isBodyIntact(folder, { key, sha256 }) {
  const file = bodyFile(folder, key);
  return existsSync(file) && (await hashFile(file)) === sha256;
}

/** Deletes the bodies that are not needed. @param {Set<string>} needed keys */
export function deleteOtherBodies(folder, needed) {
  for (const { key } of [...storedBodies(folder)]) {
    if (needed.has(key)) continue;
    const file = bodyFile(folder, key);
    rmSync(`${file}.json`);
    rmSync(file, { force: true });
  }
  for (const path of globSync(`${FOLDER}/*/*.new`, { cwd: folder })) rmSync(join(folder, path));
}
