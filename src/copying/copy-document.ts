/**
 * Copies a document of the old server, guarded by what is here when it is looked at: what somebody else
 * writes meanwhile is never overwritten.
 *
 *   not changed since it was copied                        leave it
 *   nothing here, or only the copy of an earlier pass      copy it: If-None-Match: *, or If-Match
 *   another document here, with the same bytes and type    leave it; from now on it is the copy
 *   another document here                                  keep it, replace it, or copy beside it, as the user chose
 *
 * If the object dies after the commit, the document is found here with the same bytes: nothing is done twice.
 */

import type { Precondition } from "../core/etag";
import { parseOriginalTime } from "../core/labels";
import { documentFromPath, parseDecodedPath } from "../core/path";
import { type Env, settings } from "../env";
import { bodyKey, PART_BYTES, readBody } from "../storage/bodies";
import {
  type DocumentWriter,
  type IndexedDocument,
  loadDocumentRows,
  putDocument,
} from "../storage/documents";
import { parsePutContent } from "../storage/put-content";
import { areBodiesEqual } from "./compare-bodies";
import {
  type CopyResult,
  equal,
  left,
  resultOfError,
  resultOfRefusal,
  STOPPED,
  unchanged,
} from "./copy-result";
import type { ConflictChoice, CopiedDocument, ListedDocument } from "./move-in";
import type { OldServer, OpenedDocument } from "./old-server";
import { receiveBody } from "./receive-body";

/** A document that takes longer is given up: an alarm must end. */
const MAX_DOCUMENT_MS = 10 * 60 * 1000;

/** Names that are tried for the second of two documents. */
const MAX_COPIES = 3;

/** Calls besides the parts of an upload whose length is not known before. */
const OTHER_CALLS = 20;

/** What copying documents needs. */
export interface CopyContext {
  env: Env;
  writer: DocumentWriter;
  server: OldServer;
  onConflict: ConflictChoice;
  clock: () => number;
  /** Ends requests when the move is paused or cancelled. */
  signal: AbortSignal;
}

/** A document that is to be copied. */
export interface CopyTask {
  path: string;
  listed: ListedDocument;
  /** What an earlier attempt or pass has copied; null: nothing. */
  known: CopiedDocument | null;
}

/** Copies a document, or says why not. `rows`: the documents that are here at the paths of `pathsHere`. */
export async function copyFromServer(
  context: CopyContext,
  task: CopyTask,
  rows: ReadonlyMap<string, IndexedDocument>,
): Promise<CopyResult> {
  const { path, listed, known } = task;
  const parsed = parseDecodedPath(path);
  if (!parsed.ok) return left("failed", parsed.refusal.code);
  const { MAX_DOCUMENT_BYTES } = settings(context.env);
  if ((listed.length ?? 0) > MAX_DOCUMENT_BYTES) return left("failed", "too-large");
  if (known && listed.etag !== "" && listed.etag === known.listed) return unchanged(known);
  const here = rows.get(known?.as ?? path);
  if (here && here.version !== known?.version && isKeptUnread(context, listed, here)) {
    return left("kept");
  }
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new TimedOut()), MAX_DOCUMENT_MS);
  const signal = AbortSignal.any([abort.signal, context.signal]);
  try {
    return await copyOpened({ ...context, signal }, task, here);
  } catch (error) {
    return context.signal.aborted ? STOPPED : resultOfError(error);
  } finally {
    clearTimeout(timer);
    // Whatever is still being received is not needed.
    abort.abort();
  }
}

/** The path of a document here, of which `copyFromServer` has to know whether there is another. */
export const pathHere = ({ path, known }: CopyTask): string => known?.as ?? path;

class TimedOut extends Error {
  override message = "The document took too long.";
}

/** A document of another length is another, and need not be asked for if it is not to be copied. */
const isKeptUnread = (
  { onConflict }: CopyContext,
  { length }: ListedDocument,
  here: IndexedDocument,
): boolean => onConflict === "keep" && length !== null && length !== here.length;

async function copyOpened(
  context: CopyContext,
  task: CopyTask,
  here: IndexedDocument | undefined,
): Promise<CopyResult> {
  const { path, listed, known } = task;
  const opened = await context.server.open(path, known?.etag ?? null, context.signal);
  if (opened === "missing") return left("failed", "not-found");
  if (opened === "not-modified")
    return unchanged({ ...(known as CopiedDocument), listed: listed.etag });
  const target = pathHere(task);
  if (here === undefined) return store(context, task, opened, target, null, "created");
  if (here.version === known?.version) {
    return store(context, task, opened, target, here.version, "replaced");
  }
  if (await isSame(context, opened, target, here)) return equal(task, opened, here, target);
  if (context.onConflict === "keep") return left("kept");
  const again = await context.server.open(path, null, context.signal);
  if (typeof again === "string") return left("failed", "not-found");
  if (context.onConflict === "replace") {
    return store(context, task, again, target, here.version, "replaced");
  }
  return storeBeside(context, task, again);
}

/** Whether the document that is here has the same bytes and type. The opened one is read, or cancelled. */
async function isSame(
  { env, writer }: CopyContext,
  { type, length, body }: OpenedDocument,
  path: string,
  here: IndexedDocument,
): Promise<boolean> {
  const canBeSame = (type ?? DEFAULT_TYPE) === here.type && (length ?? here.length) === here.length;
  if (canBeSame) {
    const key = await bodyKey(writer.account, documentFromPath(path), here.version);
    const own = await readBody(env.BODIES, key, null);
    if (own !== null) return areBodiesEqual(body, own);
  }
  await body.cancel().catch(() => {});
  return false;
}

/** Copies a document beside the one that is here, or finds that this was done before. */
async function storeBeside(
  context: CopyContext,
  task: CopyTask,
  opened: OpenedDocument,
): Promise<CopyResult> {
  const { env, writer, server, signal } = context;
  const paths = Array.from({ length: MAX_COPIES }, (_, index) => copyPath(task.path, index + 1));
  const rows = await loadDocumentRows(env.DB, writer.account, paths.map(documentFromPath));
  let current: OpenedDocument = opened;
  for (const path of paths) {
    const here = rows.get(path);
    if (here === undefined) return store(context, task, current, path, null, "both");
    if (await isSame(context, current, path, here)) return equal(task, current, here, path);
    const again = await server.open(task.path, null, signal);
    if (typeof again === "string") return left("failed", "not-found");
    current = again;
  }
  return left("failed", "too-many-copies");
}

/** "/a/b.txt" becomes "/a/b (imported).txt", as the import does it: `transfer/import.js`. */
function copyPath(path: string, number: number): string {
  const [, start, extension] = /^(.*?[^/])(\.[^./]+)?$/s.exec(path) ?? [];
  return `${start} (imported${number === 1 ? "" : ` ${number}`})${extension ?? ""}`;
}

const DEFAULT_TYPE = "application/octet-stream";

/** Stores the document at `path`, where `expected` must be the version now; null: none. */
async function store(
  context: CopyContext,
  task: CopyTask,
  opened: OpenedDocument,
  path: string,
  expected: string | null,
  outcome: "created" | "replaced" | "both",
): Promise<CopyResult> {
  const { env, writer, clock } = context;
  const parsed = parseDecodedPath(path);
  if (!parsed.ok) return left("failed", parsed.refusal.code);
  const headers = new Headers(opened.type === null ? {} : { "Content-Type": opened.type });
  const content = parsePutContent(new Request("https://old.invalid/", { headers }), DEFAULT_TYPE);
  if (!content.ok) return left("failed", content.refusal.code);
  const body = receiveBody(opened, expectedLength(task.listed, opened), maxBytes(env, task.listed));
  const put = {
    node: parsed.value,
    precondition: guard(expected),
    body: body.stream,
    length: body.length,
    type: content.value.type,
    originalTime: originalTimeOfCopy(task.listed, opened),
  };
  const stored = await putDocument(env, writer, put, clock);
  const failure = await body.end();
  if (!stored.ok) return resultOfRefusal(stored.refusal, failure, task.listed);
  const as = path === task.path ? {} : { as: path };
  const { version } = stored.value;
  const copied = { listed: task.listed.etag, etag: opened.etag, version, ...as };
  return { kind: "done", outcome, bytes: body.received(), copied, ...as };
}

const guard = (expected: string | null): Precondition =>
  expected === null
    ? { noneMatch: { any: true, versions: [] } }
    : { match: { any: false, versions: [expected] } };

/** Whether a document is still the version that was listed: then what only the listing says is true of it. */
const isAsListed = (listed: ListedDocument, { etag }: OpenedDocument): boolean =>
  etag !== "" && etag === listed.etag;

/** The length of the document, also where only the listing of its folder says it. */
const expectedLength = (listed: ListedDocument, opened: OpenedDocument): number | null =>
  opened.length ?? (isAsListed(listed, opened) ? listed.length : null);

/** When the document was last modified there, as an import keeps it; null if the server does not say, or nonsense. */
function originalTimeOfCopy(listed: ListedDocument, opened: OpenedDocument): number | null {
  const time = opened.modified ?? (isAsListed(listed, opened) ? listed.modified : null) ?? null;
  return time === null ? null : parseOriginalTime(new Date(time).toISOString());
}

/** A body whose length is not known is uploaded in parts: with others, one; alone, what the calls allow. */
function maxBytes(env: Env, { isAlone = false }: ListedDocument): number {
  const { MAX_DOCUMENT_BYTES, SUBREQUESTS } = settings(env);
  const parts = isAlone ? SUBREQUESTS - OTHER_CALLS : 1;
  return Math.min(MAX_DOCUMENT_BYTES, parts * PART_BYTES - 1);
}
