/** Checksums of files. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/**
 * The checksum of a file, in hexadecimal digits.
 * @param {string} file
 * @param {string} [algorithm]
 * @returns {Promise<string>}
 */
export async function hashFile(file, algorithm = "sha256") {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}
