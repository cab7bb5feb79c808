/** All databases of an account, or of some modules: the source of an export and of a move. */

import { TransferError } from "../requests.js";
import { labelOf } from "./client.js";
import { describeDocument, describeSchema } from "./source.js";

/** Refusals that concern one collection alone. */
const OF_THE_COLLECTION = [
  "forbidden",
  "malformed",
  "too-large",
  "damaged",
  "unavailable",
  "refused",
];

/**
 * Reads the databases of modules, of all if none is named, collection by collection. Documents come in the order of
 * their writes; those that were changed meanwhile come again at the end of their collection, so that all of a
 * collection is as it was at one time. Fails with what concerns all of them, such as `unauthorized`.
 * @param {import("./client.js").DatabasesClient} client
 * @param {string[]} modules
 * @returns {AsyncGenerator<import("./source.js").DatabaseEntry>}
 */
export async function* readDatabases(client, modules) {
  for (const module of await client.modules()) {
    if (modules.length > 0 && !modules.includes(module)) continue;
    for (const { database, collection, version } of await client.collections(module)) {
      const name = { module, database, collection, version };
      try {
        yield* readCollection(client, name);
      } catch (error) {
        if (!(error instanceof TransferError) || !OF_THE_COLLECTION.includes(error.code))
          throw error;
        yield { kind: "refused", path: labelOf(name), refusal: error };
      }
    }
  }
}

/**
 * Reads a collection: as it was at one time, or nothing, or a part, if it is removed meanwhile.
 * @param {import("./client.js").DatabasesClient} client
 * @param {import("./client.js").CollectionName} name
 * @returns {AsyncGenerator<import("./source.js").SourceCollection | import("./source.js").SourceBatch>}
 */
export async function* readCollection(client, name) {
  const described = await client.describe(name);
  // It was removed since it was listed.
  if (described === null) return;
  const facts = describeSchema(described.schema);
  if (facts === null) throw new TransferError("malformed", `${labelOf(name)} has no schema.`);
  const { primaryPath, hasAttachments } = facts;
  const collection = { primaryPath, hasAttachments };
  yield { kind: "collection", name, schema: JSON.stringify(described.schema), ...collection };
  let since = 0;
  for (const until of [described.seq, null]) {
    for (let isLast = false; !isLast; ) {
      const page = await client.readPage(name, since, until);
      if (page === null) return;
      const isStuck = !page.isLast && !(page.since > since);
      if (isStuck) throw new TransferError("malformed", `${labelOf(name)} has no end.`);
      const documents = page.documents.map((document) => {
        const known = describeDocument(document, collection);
        if (known === null)
          throw new TransferError("malformed", `${labelOf(name)} has no documents.`);
        return known;
      });
      if (documents.length > 0) {
        const readAttachment = (/** @type {import("./client.js").AttachmentName} */ attachment) =>
          client.readAttachment(name, attachment);
        yield { kind: "batch", documents, isChange: until === null, readAttachment };
      }
      ({ since, isLast } = page);
    }
  }
}
