/**
 * Reads all databases of a module in pages, for an archive that the server makes: collection by collection, and the
 * documents of each in the order of their writes. A document that is written meanwhile moves to the end of its collection.
 */

import type { Connection } from "../sockets/connection-registry";
import { loadAttachmentKeys } from "../tables/attachments";
import { type CollectionRow, loadCollections } from "../tables/collections";
import { loadChangeSizes, loadChanges } from "../tables/documents";
import { findSchema } from "./find-schema";
import type {
  DatabasePageCollection,
  DatabasePosition,
  DatabaseRange,
  PartLimits,
  PlannedPart,
} from "./requests";

/** Documents and schemas of a page, and their bytes; a document has two megabytes at most. */
const MAX_PAGE_ITEMS = 1000;
const MAX_PAGE_BYTES = 4_000_000;

/** What a schema counts in a page: few are longer. */
const SCHEMA_BYTES = 100_000;

/** How much a page has. */
class PageSize {
  #items = 0;
  #bytes = 0;

  /** Adds what fits. Returns false if it does not; the first always does. */
  add(bytes: number): boolean {
    const isFull = this.#items === MAX_PAGE_ITEMS || this.#bytes + bytes > MAX_PAGE_BYTES;
    if (isFull && this.#items > 0) return false;
    this.#items++;
    this.#bytes += bytes;
    return true;
  }
}

/**
 * Divides the databases of a range into parts, none of which takes more calls than the limit. Returns none if there
 * is nothing in the range.
 */
export function planParts(
  sql: SqlStorage,
  range: DatabaseRange,
  limits: PartLimits,
): PlannedPart[] {
  const parts: PlannedPart[] = [];
  let page = new PageSize();
  let calls = 0;
  let last: DatabasePosition | null = null;
  for (const { position, bytes, attachments } of walkSizes(sql, range)) {
    const ofAttachments = attachments > limits.attachments ? 0 : attachments;
    let isNewPage = calls === 0 || !page.add(bytes);
    if (calls + ofAttachments + Number(isNewPage) > limits.calls && calls > 0) {
      parts.push({ until: last, calls });
      calls = 0;
      isNewPage = true;
    }
    if (isNewPage) {
      page = new PageSize();
      page.add(bytes);
    }
    calls += ofAttachments + Number(isNewPage);
    last = position;
  }
  if (last !== null) parts.push({ until: null, calls });
  return parts;
}

/** The schemas and documents of a range, without reading them. */
function* walkSizes(
  sql: SqlStorage,
  { after, until }: DatabaseRange,
): Generator<{ position: DatabasePosition; bytes: number; attachments: number }> {
  for (const { id: collection } of collectionsFrom(sql, after)) {
    const since = seqIn(collection, after);
    const start = { collection, seq: since };
    if (isBeyond(start, until)) return;
    yield { position: start, bytes: SCHEMA_BYTES, attachments: 0 };
    for (const { seq, bytes, attachments } of loadChangeSizes(sql, collection, since)) {
      const position = { collection, seq };
      if (isBeyond(position, until)) return;
      yield { position, bytes, attachments };
    }
  }
}

/** Reads the first page of a range. Returns a `DatabasePage` as JSON. */
export function readArchivePage(
  sql: SqlStorage,
  connections: Connection[],
  { after, until }: DatabaseRange,
): string {
  const page = new PageSize();
  const collections: ReadCollection[] = [];
  const render = (next: DatabasePosition | null) => {
    const rendered = collections.map((one) => renderCollection(sql, connections, one));
    return `{"collections":[${rendered.join(",")}],"next":${JSON.stringify(next)}}`;
  };
  let last: DatabasePosition | null = null;
  for (const row of collectionsFrom(sql, after)) {
    const since = seqIn(row.id, after);
    const start = { collection: row.id, seq: since };
    if (isBeyond(start, until)) break;
    if (!page.add(SCHEMA_BYTES)) return render(last);
    last = start;
    const own: ReadCollection = { row, since, documents: [], seqs: [] };
    collections.push(own);
    for (const { seq, data } of loadChanges(sql, row.id, since)) {
      const position: DatabasePosition = { collection: row.id, seq };
      if (isBeyond(position, until)) return render(null);
      if (!page.add(data.length)) return render(last);
      own.documents.push(data);
      own.seqs.push(seq);
      last = position;
    }
  }
  return render(null);
}

interface ReadCollection extends Pick<DatabasePageCollection, "seqs"> {
  row: CollectionRow;
  /** The write after which its documents come. */
  since: number;
  /** JSON of each. */
  documents: string[];
}

function renderCollection(
  sql: SqlStorage,
  connections: Connection[],
  { row, since, documents, seqs }: ReadCollection,
): string {
  const { id, database, name: collection, version, seq } = row;
  const facts: Omit<DatabasePageCollection, "documents"> = {
    ...{ database, collection, version, seq, seqs },
    schema: findSchema(sql, row, connections),
    attachments: loadAttachmentKeys(sql, id, since, seqs.at(-1) ?? since),
  };
  return `{"documents":[${documents.join(",")}],${JSON.stringify(facts).slice(1)}`;
}

/** The collections by their numbers, from that of a position on. */
const collectionsFrom = (sql: SqlStorage, after: DatabasePosition | null): CollectionRow[] =>
  loadCollections(sql)
    .filter(({ id }) => after === null || id >= after.collection)
    .sort((a, b) => a.id - b.id);

/** The write after which a range has the documents of a collection. */
const seqIn = (collection: number, after: DatabasePosition | null): number =>
  after?.collection === collection ? after.seq : 0;

const isBeyond = (position: DatabasePosition, until: DatabasePosition | null): boolean =>
  until !== null &&
  (position.collection > until.collection ||
    (position.collection === until.collection && position.seq > until.seq));
