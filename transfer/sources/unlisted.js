/** Files of an archive or an export that its list does not name. */

import { refuseDocument } from "./parse.js";
import { asSystemFile } from "./system-files.js";

/**
 * Refuses a file as `unlisted`, or why it cannot be read anyway, unless a system has added it.
 * @param {import("./file-tree.js").TreeFile | import("./file-tree.js").RefusedFile} file
 * @param {string} reason such as "the archive does not list it"
 * @returns {Promise<import("./source.js").RefusedDocument | import("./system-files.js").SystemFile>}
 */
export async function describeUnlisted(file, reason) {
  const systemFile = await asSystemFile(file);
  if (systemFile !== null) return systemFile;
  if ("refusal" in file) return { path: file.name, refusal: file.refusal };
  return refuseDocument(file.name, "unlisted", reason);
}
