/** Databases as an archive or another server has them: what an export writes, and an import reads. */

/**
 * A collection. Its documents follow.
 * @typedef {object} SourceCollection
 * @property {"collection"} kind
 * @property {import("./client.js").CollectionName} name
 * @property {string} schema JSON
 * @property {string} primaryPath the member that has the id of a document
 * @property {boolean} hasAttachments
 */

/**
 * Some documents of the last collection.
 * @typedef {object} SourceBatch
 * @property {"batch"} kind
 * @property {SourceDatabaseDocument[]} documents
 * @property {boolean} isChange they were changed while the others were read, some of them after they were read
 * @property {(attachment: import("./client.js").AttachmentName) => Promise<Uint8Array<ArrayBuffer> | null>} readAttachment
 *   all bytes; null if there are none, such as of a document that was changed meanwhile
 */

/**
 * @typedef {object} SourceDatabaseDocument
 * @property {string} id
 * @property {string} json
 * @property {import("./client.js").AttachmentName[]} attachments of which there have to be bytes
 */

/** @typedef {{kind: "refused", path: string, refusal: import("../requests.js").TransferError}} RefusedDatabase */

/** @typedef {SourceCollection | SourceBatch | RefusedDatabase} DatabaseEntry */

/**
 * Reads what has to be known of a schema; null if it is none.
 * @param {unknown} schema
 * @returns {{version: number, primaryPath: string, hasAttachments: boolean} | null}
 */
export function describeSchema(schema) {
  if (!isMap(schema) || typeof schema.version !== "number") return null;
  const { primaryKey, version } = schema;
  const primaryPath = isMap(primaryKey) ? primaryKey.key : primaryKey;
  if (typeof primaryPath !== "string") return null;
  return { version, primaryPath, hasAttachments: Boolean(schema.attachments) };
}

/**
 * Reads what has to be known of a document; null if it is none.
 * @param {unknown} document
 * @param {Pick<SourceCollection, "primaryPath" | "hasAttachments">} collection
 * @returns {SourceDatabaseDocument | null}
 */
export function describeDocument(document, { primaryPath, hasAttachments }) {
  if (!isMap(document)) return null;
  const { _rev, _deleted, _meta, _attachments } = document;
  const id = document[primaryPath];
  const isDocument =
    typeof id === "string" &&
    typeof _rev === "string" &&
    _rev !== "" &&
    typeof _deleted === "boolean" &&
    isMap(_meta) &&
    typeof _meta.lwt === "number" &&
    isMap(_attachments) &&
    Object.values(_attachments).every(isMap);
  if (!isDocument) return null;
  // The bytes of what is deleted are gone, whatever the document still says of them.
  const stubs = hasAttachments && !_deleted ? Object.entries(_attachments) : [];
  const attachments = stubs.map(([name, stub]) => ({
    document: id,
    name,
    digest: String(/** @type {Record<string, unknown>} */ (stub).digest),
  }));
  return { id, json: JSON.stringify(document), attachments };
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
