/**
 * Taking along all documents of an account: ZIP archives that come into being while they are sent,
 * of which no more than a piece of one document is in memory.
 *
 *   satchel-export.json   address, time, and each document as the index lists it
 *   notes/a.txt ...       the documents, by their paths; what Windows would take for another place
 *                         is escaped, and the list says so
 *
 * The index is read first, and names the version of each document. That version is what the archive
 * gets, even if the document is replaced meanwhile, as its body stays for a time; only where it is
 * gone by then, the newer one is taken, and satchel-export-changes.json at the end says so.
 */

import { makeZip } from "client-zip";
import { formatETag } from "../core/etag";
import { formatHttpDate } from "../core/folder";
import { documentFromPath, formatPath } from "../core/path";
import type { Env } from "../env";
import { logWarning } from "../platform/log";
import { withRetry } from "../platform/retry";
import { bodyKey, readBody } from "./bodies";
import { type DocumentListing, loadDocuments, loadPageBoundaries } from "./db/export";
import { type NodeRow, selectDocument } from "./db/nodes";

/** Documents in one archive: each is a call, and a request has no more than a thousand. */
export const MAX_PART_DOCUMENTS = 900;

/** As many more may have come since the parts were listed. */
const MAX_ADDED = 50;

const LISTED_PER_CALL = 250;

/** A part of an account's documents: those after a path, up to and with another; null: no bound. */
export interface ExportPart {
  after: string | null;
  until: string | null;
}

/** The parts in which all documents of an account can be taken along. Reads its whole index. */
export async function listExportParts(env: Env, account: string): Promise<ExportPart[]> {
  const places = await loadPageBoundaries(env.DB, account, MAX_PART_DOCUMENTS);
  const bounds = places.map(({ parent, name }) => parent + name);
  return [null, ...bounds].map((after, index) => ({ after, until: bounds[index] ?? null }));
}

/** What an export is about. */
interface ExportOf {
  account: string;
  /** <user>@<host>. */
  address: string;
  part: ExportPart;
}

/**
 * The archive of a part, as a stream that fails if a document cannot be read whole: what is short is
 * never whole, as the list of an archive stands at its end. Null: there are too many documents in
 * the part by now, so list the parts anew.
 */
export async function exportDocuments(
  env: Env,
  { account, address, part }: ExportOf,
  now: number,
): Promise<ReadableStream<Uint8Array> | null> {
  const documents = await listDocuments(env.DB, account, part);
  if (documents === null) return null;
  const names = namesInArchive(documents);
  return makeZip(
    logged(filesOf(env, account, documents, { address, exportedAt: now, part, names })),
  );
}

/** The same, with a line in the log where it fails: the answer has long begun by then. */
async function* logged<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    logWarning("An archive could not be sent whole.", error);
    throw error;
  }
}

/** All documents of a part; null: they are too many. */
async function listDocuments(
  db: D1Database,
  account: string,
  { after, until }: ExportPart,
): Promise<DocumentListing[] | null> {
  const documents: DocumentListing[] = [];
  const end = until === null ? null : documentFromPath(until);
  let last = after === null ? null : documentFromPath(after);
  for (;;) {
    const page = await loadDocuments(db, account, last, end, LISTED_PER_CALL);
    documents.push(...page);
    if (documents.length > MAX_PART_DOCUMENTS + MAX_ADDED) return null;
    if (page.length < LISTED_PER_CALL) return documents;
    const { parent, name } = page.at(-1) as DocumentListing;
    last = documentFromPath(parent + name);
  }
}

interface About {
  address: string;
  exportedAt: number;
  part: ExportPart;
  /** The name of each document in the archive, by its path. */
  names: Map<string, string>;
}

interface ArchiveFile {
  name: string;
  lastModified: Date;
  input: string | AsyncIterable<Uint8Array>;
}

async function* filesOf(
  env: Env,
  account: string,
  documents: DocumentListing[],
  about: About,
): AsyncGenerator<ArchiveFile> {
  const lastModified = new Date(about.exportedAt);
  const taken = new Set(about.names.values());
  const file = (name: string, content: unknown): ArchiveFile => ({
    name: freeName(name, taken),
    lastModified,
    input: `${JSON.stringify(content, null, 2)}\n`,
  });
  yield file("satchel-export.json", describe(documents, about));
  const changes: object[] = [];
  for (const listed of documents) {
    const opened = await openListed(env, account, listed);
    if (opened?.document.version !== listed.version) {
      changes.push(
        opened ? describeDocument(opened.document) : { path: pathIn(listed), gone: true },
      );
    }
    if (opened === null) continue;
    const { document, body } = opened;
    yield {
      name: about.names.get(pathIn(listed)) as string,
      lastModified: new Date(document.modified),
      input: logged(wholeOf(body, document)),
    };
  }
  if (changes.length > 0) yield file("satchel-export-changes.json", { documents: changes });
}

/** How often to look again if a document is replaced while it is being opened. */
const MAX_LOOKS = 5;

/** A document as it was listed, or, if that version is gone, as it is now; null: it was deleted. */
async function openListed(
  env: Env,
  account: string,
  listed: DocumentListing,
): Promise<{ document: DocumentListing; body: ReadableStream<Uint8Array> } | null> {
  const node = documentFromPath(pathIn(listed));
  let document = listed;
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const body = await readBody(env.BODIES, await bodyKey(account, node, document.version), null);
    if (body !== null) return { document, body };
    const question = selectDocument(env.DB, account, node);
    const row = await withRetry(() => question.first<NodeRow & { type: string }>());
    if (row === null) return null;
    document = { ...listed, ...row };
  }
  throw new Error("The index names a body that is not there.");
}

/** The bytes of a body; fails if they are not as many as the index says. */
async function* wholeOf(
  body: ReadableStream<Uint8Array>,
  { length }: DocumentListing,
): AsyncGenerator<Uint8Array> {
  let missing = length;
  for await (const bytes of body) {
    missing -= bytes.byteLength;
    yield bytes;
  }
  if (missing !== 0) throw new Error("A body ended before its length, or after it.");
}

const describe = (documents: DocumentListing[], { address, exportedAt, part, names }: About) => ({
  address,
  exported: new Date(exportedAt).toISOString(),
  ...part,
  documents: documents.map((document) => {
    const name = names.get(pathIn(document));
    const isElsewhere = name !== pathIn(document).slice(1);
    return { ...describeDocument(document), ...(isElsewhere ? { file: name } : {}) };
  }),
});

/** A document with what a folder's description says of it (§4), and its path. */
const describeDocument = (document: DocumentListing) => ({
  path: pathIn(document),
  "Content-Type": document.type,
  "Content-Length": document.length,
  ETag: formatETag(document.version),
  "Last-Modified": formatHttpDate(document.modified),
});

const pathIn = ({ parent, name }: DocumentListing): string =>
  formatPath({ kind: "document", parent, name });

/**
 * The name of each document by its path: the path from where the archive is unpacked, as no name is
 * empty, "." or ".." (§4). Only what Windows takes for a path is escaped, "\" and a leading "C:".
 */
function namesInArchive(documents: DocumentListing[]): Map<string, string> {
  const paths = documents.map(pathIn);
  const isHarmless = (path: string) => escapeName(path.slice(1)) === path.slice(1);
  const taken = new Set(paths.filter(isHarmless).map((path) => path.slice(1)));
  return new Map(
    paths.map((path) => {
      if (isHarmless(path)) return [path, path.slice(1)];
      const name = freeName(escapeName(path.slice(1)), taken);
      taken.add(name);
      return [path, name];
    }),
  );
}

const escapeName = (name: string): string =>
  name.replaceAll("\\", "%5C").replace(/^([A-Za-z]):/, "$1%3A");

/** A name that no document has, nor is in one or has one in it. */
function freeName(name: string, taken: Set<string>): string {
  const isFree = (candidate: string) =>
    !taken.has(candidate) &&
    ![...taken].some((one) => one.startsWith(`${candidate}/`) || candidate.startsWith(`${one}/`));
  let candidate = name;
  while (!isFree(candidate)) candidate = `_${candidate}`;
  return candidate;
}
