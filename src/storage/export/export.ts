/**
 * Downloads of documents: ZIP archives that are made while they are sent.
 *
 *   satchel-export.json   the address, the time, and each document as the index lists it
 *   notes/a.txt ...       the documents by their paths; what Windows would take for another path is
 *                         escaped (`archive-names.ts`), and the list says so
 *
 * Only a chunk of one document is in memory at a time. The index is read first, and names the version
 * of each document. The archive gets that version even if the document is replaced meanwhile, as the
 * body is kept for a time. Only if it has been deleted by then, the archive gets the newer version,
 * and satchel-export-changes.json at its end says so.
 */

import { makeZip } from "client-zip";
import { formatETag } from "../../core/etag";
import { formatHttpDate } from "../../core/folder";
import { documentFromPath } from "../../core/path";
import { type Env, settings } from "../../env";
import { logWarning } from "../../platform/log";
import { withRetry } from "../../platform/retry";
import { bodyKey, readBody } from "../bodies";
import { listedPath } from "../browse";
import { type DocumentListing, loadDocuments, loadPageBoundaries } from "../db/export";
import { type NodeRow, selectDocument } from "../db/nodes";
import { retryWhileReplaced } from "../retry-replaced";
import { ARCHIVE_CHANGES, ARCHIVE_LIST, archiveName } from "./archive-names";

/** Documents in one archive, whatever the plan: their paths are in memory, 4 KiB each at worst. */
const MAX_PART_DOCUMENTS = 2500;

/** The share of a request's calls that read documents; the rest is for all others, and for retries. */
const READ_SHARE = 0.6;

/** So many more may have been added since the parts were listed, as a share of the part. */
const ADDED_SHARE = 1 / 6;

/** How many documents one archive has: each costs a call. */
export const maxPartDocuments = (env: Env): number =>
  Math.min(MAX_PART_DOCUMENTS, Math.floor(settings(env).SUBREQUESTS * READ_SHARE));

/** How many documents a part may have by the time that it is downloaded. */
export const maxGrownPart = (env: Env): number => maxPartDocuments(env) * (1 + ADDED_SHARE);

/** Documents that one query loads. */
const PAGE_ROWS = 250;

/** A body is read in chunks of so many bytes: each costs the CPU some microseconds. */
const CHUNK_BYTES = 64 * 1024;

/** A part of an account's documents, by their paths: after one, up to one inclusive; null: no bound. */
export interface ExportPart {
  after: string | null;
  until: string | null;
}

/** Lists the parts in which an account can be exported. Reads the account's whole index. */
export async function listExportParts(env: Env, account: string): Promise<ExportPart[]> {
  const boundaries = await loadPageBoundaries(env.DB, account, maxPartDocuments(env));
  const bounds = boundaries.map(({ parent, name }) => parent + name);
  return [null, ...bounds].map((after, index) => ({ after, until: bounds[index] ?? null }));
}

/**
 * Streams the archive of these documents. The stream fails if one cannot be read completely; a truncated archive is
 * recognized as such, because its directory is at its end.
 */
export const streamArchive = (
  env: Env,
  account: string,
  documents: DocumentListing[],
  info: ArchiveInfo,
): ReadableStream<Uint8Array> =>
  makeZip(withFailureLog(archiveFiles(env, account, documents, info)));

/** The same items. Logs a failure, as nothing else can tell of it: the response has long begun. */
export async function* withFailureLog<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    logWarning("An export was not sent completely.", error);
    throw error;
  }
}

/** Lists all documents of a part; null if they are too many by now: list the parts again. */
export async function listPart(
  env: Env,
  account: string,
  { after, until }: ExportPart,
): Promise<DocumentListing[] | null> {
  const limit = maxGrownPart(env);
  const documents: DocumentListing[] = [];
  const end = until === null ? null : documentFromPath(until);
  let last = after === null ? null : documentFromPath(after);
  for (;;) {
    const page = await loadDocuments(env.DB, account, last, end, PAGE_ROWS);
    documents.push(...page);
    if (documents.length > limit) return null;
    if (page.length < PAGE_ROWS) return documents;
    const { parent, name } = page.at(-1) as DocumentListing;
    last = documentFromPath(parent + name);
  }
}

/** What the list in an archive says besides its documents. */
export interface ArchiveInfo {
  /** <user>@<host>. */
  address: string;
  /** Milliseconds since 1970. */
  exportedAt: number;
}

interface ArchiveFile {
  name: string;
  lastModified: Date;
  input: string | AsyncIterable<Uint8Array>;
}

async function* archiveFiles(
  env: Env,
  account: string,
  documents: DocumentListing[],
  info: ArchiveInfo,
): AsyncGenerator<ArchiveFile> {
  const jsonFile = (name: string, content: unknown): ArchiveFile => ({
    name,
    lastModified: new Date(info.exportedAt),
    input: `${JSON.stringify(content, null, 2)}\n`,
  });
  yield jsonFile(ARCHIVE_LIST, describeArchive(documents, info));
  const changes: object[] = [];
  for (const listed of documents) {
    const opened = await openListed(env, account, listed);
    if (opened?.document.version !== listed.version) {
      changes.push(
        opened ? describeDocument(opened.document) : { path: listedPath(listed), gone: true },
      );
    }
    if (opened === null) continue;
    const { document, body } = opened;
    yield {
      name: archiveName(listedPath(listed)),
      lastModified: new Date(document.modified),
      input: withFailureLog(wholeChunks(body, document.length)),
    };
  }
  if (changes.length > 0) yield jsonFile(ARCHIVE_CHANGES, { documents: changes });
}

/**
 * Opens a document in the version that was listed or, if that is deleted, in its current one. Returns
 * null if the document was deleted.
 */
export function openListed(
  env: Env,
  account: string,
  listed: DocumentListing,
): Promise<{ document: DocumentListing; body: ReadableStream<Uint8Array> } | null> {
  const node = documentFromPath(listedPath(listed));
  let document = listed;
  return retryWhileReplaced(async () => {
    const body = await readBody(env.BODIES, await bodyKey(account, node, document.version), null);
    if (body !== null) return { document, body };
    const statement = selectDocument(env.DB, account, node);
    const row = await withRetry(() => statement.first<NodeRow & { type: string }>());
    if (row === null) return null;
    document = { ...listed, ...row };
    return undefined;
  });
}

/** The bytes of a body in large chunks. Fails if they are not as many as `length`. */
export async function* wholeChunks(
  body: ReadableStream<Uint8Array>,
  length: number,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  let received = 0;
  let isDone = false;
  try {
    while (!isDone) {
      const bytes = Math.min(CHUNK_BYTES, length - received + 1);
      const { value, done } = await reader.readAtLeast(bytes, new Uint8Array(bytes));
      received += value?.byteLength ?? 0;
      isDone = done || (value?.byteLength ?? 0) < bytes;
      if (received > length) break;
      if (value && value.byteLength > 0) yield value;
    }
  } finally {
    if (!isDone) await reader.cancel().catch(() => {});
  }
  if (received !== length) throw new Error("A body does not have the length that the index says.");
}

const describeArchive = (documents: DocumentListing[], { address, exportedAt }: ArchiveInfo) => ({
  address,
  exported: new Date(exportedAt).toISOString(),
  documents: documents.map((document) => {
    const name = archiveName(listedPath(document));
    const isEscaped = name !== listedPath(document).slice(1);
    return { ...describeDocument(document), ...(isEscaped ? { file: name } : {}) };
  }),
});

/** A document's path, and what a folder description (§4) says of it. */
const describeDocument = (document: DocumentListing) => ({
  path: listedPath(document),
  "Content-Type": document.type,
  "Content-Length": document.length,
  ETag: formatETag(document.version),
  "Last-Modified": formatHttpDate(document.modified),
});
