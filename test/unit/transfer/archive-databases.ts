/** Archives with databases, and what can be read of them. */

import { writeArchive } from "../../../transfer/archive/write.js";
import type { DatabaseEntry } from "../../../transfer/databases/source.js";
import { describeDocument } from "../../../transfer/databases/source.js";
import { openSource } from "../../../transfer/sources/source.js";

const NOW = new Date("2026-11-29T12:00:00Z");

/** A document with attachments by their names. */
export interface TestRevision {
  id: string;
  rev: string;
  attachments?: Record<string, string>;
  isDeleted?: boolean;
}

export interface TestCollection {
  module: string;
  database: string;
  collection: string;
  version: number;
  documents: TestRevision[];
  changes?: TestRevision[];
}

const toDocument = ({ id, rev, attachments = {}, isDeleted = false }: TestRevision) => ({
  id,
  _rev: rev,
  _deleted: isDeleted,
  _meta: { lwt: 1 },
  _attachments: Object.fromEntries(
    Object.entries(attachments).map(([name, text]) => [
      name,
      { length: text.length, digest: `digest of ${text}`, type: "text/plain" },
    ]),
  ),
});

/** An archive of collections. Attachments whose text is "gone" cannot be read. */
export async function archiveOfDatabases(
  collections: TestCollection[],
  incomplete: string[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const facts = { primaryPath: "id", hasAttachments: true };
  async function* entries() {
    for (const { documents, changes = [], ...name } of collections) {
      const schema = JSON.stringify({ version: name.version, primaryKey: "id", attachments: {} });
      yield { kind: "collection" as const, name, schema, ...facts };
      for (const [revisions, isChange] of [
        [documents, false],
        [changes, true],
      ] as const) {
        const described = revisions.map((one) => describeDocument(toDocument(one), facts));
        const known = described.filter((one) => one !== null);
        const readAttachment = async ({ digest }: { digest: string }) =>
          digest === "digest of gone"
            ? null
            : new Uint8Array(new TextEncoder().encode(digest.slice("digest of ".length)));
        if (known.length > 0) {
          yield { kind: "batch" as const, documents: known, isChange, readAttachment };
        }
      }
    }
  }
  const info = {
    ...{ address: "alice@example.com", modules: [], now: NOW, hasDatabases: true },
    onIncomplete: (label: string, id: string) => void incomplete.push(`${label}/${id}`),
  };
  return new Uint8Array(await new Response(writeArchive(entries(), info)).arrayBuffer());
}

/** Reads the databases of files: a line for each collection, document and attachment, and what is refused. */
export async function readDatabasesOf(tree: Parameters<typeof openSource>[0]) {
  const { documents, databases } = await openSource(tree);
  const read: string[] = [];
  const refused: unknown[] = [];
  for await (const one of documents) {
    if ("refusal" in one) refused.push([one.path, one.refusal.code]);
  }
  for await (const entry of databases as AsyncIterable<DatabaseEntry>) {
    if (entry.kind === "refused") refused.push([entry.path, entry.refusal.code]);
    else if (entry.kind === "collection") read.push(Object.values(entry.name).join(" "));
    else {
      for (const { json, attachments } of entry.documents) {
        const { id, _rev } = JSON.parse(json) as { id: string; _rev: string };
        read.push(`${id} ${_rev}${entry.isChange ? " changed" : ""}`);
        for (const attachment of attachments) {
          const bytes = await entry
            .readAttachment(attachment)
            .catch((error: { code: string }) => error.code);
          const text = bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes;
          read.push(`  ${attachment.name}: ${text}`);
        }
      }
    }
  }
  return { read, refused };
}
