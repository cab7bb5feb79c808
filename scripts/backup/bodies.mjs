/** The bodies of a data folder or a backup: which there are, whether they are intact, copies of them. */

import { existsSync, globSync, mkdirSync, renameSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { hashFile } from "./hash.mjs";
import { BODY_LISTS, INDEX } from "./layout.mjs";

const OBJECTS = "SELECT key, blob_id AS id, size, etag FROM _mf_objects WHERE blob_id IS NOT NULL";
/** A body that was uploaded in parts, of which each is a file. */
const PARTS =
  "SELECT object_key AS key, blob_id AS id, size, checksum_md5 AS etag FROM _mf_multipart_parts WHERE object_key IS NOT NULL";
const KEYS = "SELECT key FROM _mf_objects";
const DOCUMENTS = "SELECT account, version FROM nodes WHERE type IS NOT NULL";

/** The etag of a file that was uploaded as a whole. */
const MD5 = /^[0-9a-f]{32}$/;

/**
 * @typedef {object} BodyFile
 * @property {string} id its name
 * @property {number} size bytes
 * @property {string} etag
 */

/**
 * The files of the bodies that the copied databases list.
 * @param {string} databases folder
 * @returns {BodyFile[]}
 */
export const listBodyFiles = (databases) =>
  queryAll(databases, BODY_LISTS, "_mf_objects", OBJECTS, PARTS);

/**
 * How many documents of the copied index have no body in the copied lists.
 * @param {string} databases folder
 */
export function countMissingBodies(databases) {
  const versions = new Set(
    queryAll(databases, BODY_LISTS, "_mf_objects", KEYS).map(({ key }) => {
      const [account, , version] = key.split("/");
      return `${account}/${version}`;
    }),
  );
  return queryAll(databases, INDEX, "nodes", DOCUMENTS).filter(
    ({ account, version }) => !versions.has(`${account}/${version}`),
  ).length;
}

/**
 * Copies a body, unless the target has it already. The copy is compared with its length and checksum.
 * @param {BodyFile} body
 * @param {string} from
 * @param {string} to
 * @returns {Promise<"copied" | "known" | "missing" | "damaged">} `missing`: it is not, or no longer, there
 */
export async function copyBodyFile({ size, etag }, from, to) {
  if (existsSync(to) && statSync(to).size === size) return "known";
  mkdirSync(dirname(to), { recursive: true });
  try {
    await copyFile(from, `${to}.new`);
  } catch (error) {
    if (error.code === "ENOENT") return "missing";
    throw error;
  }
  const isIntact =
    statSync(`${to}.new`).size === size &&
    (!MD5.test(etag) || (await hashFile(`${to}.new`, "md5")) === etag);
  if (!isIntact) return "damaged";
  renameSync(`${to}.new`, to);
  return "copied";
}

/** Runs queries in those databases of a folder that have a table. */
function queryAll(databases, folder, table, ...queries) {
  return globSync(`${folder}/*.sqlite`, { cwd: databases }).flatMap((path) => {
    // Immutable: SQLite then writes no files beside it.
    const url = new URL(`${pathToFileURL(join(databases, path))}?immutable=1`);
    const database = new DatabaseSync(url, { readOnly: true });
    try {
      const exists = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ?").get(table);
      return exists ? queries.flatMap((query) => database.prepare(query).all()) : [];
    } finally {
      database.close();
    }
  });
}
