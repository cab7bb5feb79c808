/** The names that documents get in a ZIP archive: their paths, made safe for every system. Pure. */

/** The archive's list of its documents, and of those that changed while it was made. */
export const ARCHIVE_LIST = "satchel-export.json";
export const ARCHIVE_CHANGES = "satchel-export-changes.json";

/** What has an escape: "%" only where it would look like one. */
const ESCAPED = /%(?=5C|3A|25)|\\|(?<=^[A-Za-z]):/g;

/** The archive's own files, and the names that documents get instead of these. */
const OWN_FILE = /^_*satchel-export(?:-changes)?\.json(?=\/|$)/;

/**
 * The name of a document: its path from where the archive is unpacked, as §4 rules out names that are
 * empty, "." or "..". Percent-encoded is what Windows takes for a path: "\" and a leading "C:". A name
 * of the archive's own files gets one more underscore before it.
 *
 * The escape is reversible, segment by segment, so different paths have different names, and no
 * document gets the name of a folder. Each name depends on its own path only: nothing is searched.
 */
export const archiveName = (path: string): string =>
  path
    .slice(1)
    .replace(ESCAPED, encodeURIComponent)
    .replace(OWN_FILE, (name) => `_${name}`);
