/** What a sync has to do: each document and each file, compared with how both were after the last one. Pure. */

/**
 * How a document and its file were when they were equal.
 * @typedef {{etag: string, digest: string}} Base
 */

/**
 * - `upload`: write the file to the document; `replaces` is its ETag, null if there is none
 * - `download`: write the document to the file
 * - `compare`: both were changed, perhaps to the same; otherwise both are kept
 * - `delete-document`, `delete-file`: the other one was deleted
 * - `forget`: both were deleted
 * @typedef {{path: string, kind: "upload", replaces: string | null}
 *   | {path: string, kind: "delete-document", etag: string}
 *   | {path: string, kind: "download" | "compare" | "delete-file" | "forget"}} SyncAction
 */

/**
 * Plans a sync. A change always wins over a deletion, so nothing is lost that somebody has worked on.
 * @param {Map<string, Base>} base by the paths
 * @param {Map<string, string>} files their digests
 * @param {Map<string, string>} documents their ETags
 * @returns {SyncAction[]} by the paths
 */
export function planSync(base, files, documents) {
  const paths = new Set([...base.keys(), ...files.keys(), ...documents.keys()]);
  return [...paths].sort().flatMap((path) => {
    const action = planPath(path, base.get(path), files.get(path), documents.get(path));
    return action === null ? [] : [action];
  });
}

/**
 * @param {string} path
 * @param {Base | undefined} base
 * @param {string | undefined} digest of the file
 * @param {string | undefined} etag of the document
 * @returns {SyncAction | null}
 */
function planPath(path, base, digest, etag) {
  const isFileSame = digest === base?.digest;
  const isDocumentSame = etag === base?.etag;
  if (digest === undefined && etag === undefined) return { path, kind: "forget" };
  if (isFileSame && isDocumentSame) return null;
  if (digest === undefined) {
    // The file was deleted, or never there.
    return isDocumentSame && etag !== undefined
      ? { path, kind: "delete-document", etag }
      : { path, kind: "download" };
  }
  if (etag === undefined) {
    return isFileSame ? { path, kind: "delete-file" } : { path, kind: "upload", replaces: null };
  }
  if (isFileSame) return { path, kind: "download" };
  if (isDocumentSame) return { path, kind: "upload", replaces: etag };
  return { path, kind: "compare" };
}

/** Fewer deletions are never suspicious. */
const MAX_UNSUSPICIOUS = 10;

/**
 * Whether so much would be deleted on one side that rather a disk is missing or a storage was emptied.
 * @param {SyncAction[]} actions
 * @param {number} total how many documents there were after the last sync
 */
export function isSuspicious(actions, total) {
  return /** @type {const} */ (["delete-document", "delete-file"]).some((kind) => {
    const count = actions.filter((action) => action.kind === kind).length;
    return count === total ? total > 1 : count > MAX_UNSUSPICIOUS && count > total / 2;
  });
}
