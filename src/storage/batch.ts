/** Reading many documents at once: `docs/batch.md`. */

import { formatETag } from "../core/etag";
import { formatHttpDate } from "../core/folder";
import { formatPath, type NodePath } from "../core/path";
import { type Outcome, ok, type Refusal } from "../core/refusals";
import { isAllowed } from "../core/scope";
import { type Env, settings } from "../env";
import type { AccessClaims } from "../oauth/access-tokens";
import { queryForOwner } from "./authorization";
import {
  type IndexedDocument,
  type PositionedDocument,
  rowsByPath,
  selectDocumentRows,
} from "./db/rows";
import { findDocument, openDocument } from "./documents";
import { NO_DOCUMENT, OUT_OF_SCOPE } from "./refusals";
import { retryWhileReplaced } from "./retry-replaced";

/** Documents in one answer, whatever the plan. */
const MAX_DOCUMENTS = 100;

/** The share of a request's calls that read bodies; the rest is for those that have to be read again. */
const READ_SHARE = 0.6;

/** Bytes of the bodies in one answer, unless the first document alone has more. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Bodies that are requested ahead. R2 allows an invocation six connections. */
const PARALLEL = 5;

/** How many documents one answer may have: each costs a call. */
export const maxBatchDocuments = (env: Env): number =>
  Math.min(MAX_DOCUMENTS, Math.floor(settings(env).SUBREQUESTS * READ_SHARE));

/** A document that is asked for. */
export interface BatchItem {
  node: NodePath;
  /** The version that the client has; null: none. */
  version: string | null;
}

/** The answer for one document. */
export interface BatchAnswer {
  status: 200 | 304 | 403 | 404;
  headers: [name: string, value: string][];
  body: ReadableStream<Uint8Array> | null;
  /** Why it was refused. */
  refusal?: Refusal;
}

/** The answers that one request gets. */
export interface Batch {
  /** How many of the documents, from the first, are answered. The client asks for the others again. */
  count: number;
  answers: AsyncGenerator<BatchAnswer, void>;
}

/**
 * Reads documents in one D1 round trip, and their bodies as they are sent. Each is in one of its
 * versions, complete. Refuses as `queryForOwner` does.
 */
export async function readBatch(
  env: Env,
  claims: AccessClaims,
  items: BatchItem[],
  clock: () => number,
): Promise<Outcome<Batch>> {
  const nodes = items.map(({ node }) => node);
  const statement = selectDocumentRows(env.DB, claims.account, nodes);
  const found = await queryForOwner<PositionedDocument>(env, claims, statement, clock());
  if (!found.ok) return found;
  const { scopes, rows } = found.value;
  const documents = rowsByPath(nodes, rows);
  const mayRead = (node: NodePath) =>
    isAllowed(scopes, "read", node) && isAllowed(claims.scopes, "read", node);
  // Even the length of what may not be read would tell of it.
  const readable = new Map(
    items.flatMap(({ node }) => {
      const row = mayRead(node) ? documents.get(formatPath(node)) : undefined;
      return row === undefined ? [] : [[formatPath(node), row] as const];
    }),
  );
  const answered = items.slice(0, countFitting(items, readable));
  const open = ({ node, version }: BatchItem): Promise<BatchAnswer> | BatchAnswer => {
    if (!mayRead(node)) return refusedAnswer(403, OUT_OF_SCOPE);
    const row = readable.get(formatPath(node));
    if (row === undefined) return refusedAnswer(404, NO_DOCUMENT);
    if (row.version === version) return { status: 304, headers: versionHeaders(row), body: null };
    return openBody(env, claims, node, row, clock);
  };
  return ok({ count: answered.length, answers: inOrder(answered, open) });
}

/** How many of the documents, from the first, do not exceed the bytes of an answer. */
function countFitting(items: BatchItem[], documents: Map<string, IndexedDocument>): number {
  let bytes = 0;
  const end = items.findIndex(({ node, version }, index) => {
    const row = documents.get(formatPath(node));
    if (row !== undefined && row.version !== version) bytes += row.length;
    return index > 0 && bytes > MAX_ANSWER_BYTES;
  });
  return end === -1 ? items.length : end;
}

function openBody(
  env: Env,
  claims: AccessClaims,
  node: NodePath,
  row: IndexedDocument,
  clock: () => number,
): Promise<BatchAnswer> {
  let document = { ...row, account: claims.account };
  return retryWhileReplaced<BatchAnswer>(async () => {
    const body = await openDocument(env, document, node, null);
    if (body !== null) {
      const headers: BatchAnswer["headers"] = [
        ["Content-Type", document.type],
        ["Content-Length", String(document.length)],
        ...versionHeaders(document),
      ];
      return { status: 200, headers, body };
    }
    const again = await findDocument(env, { kind: "token", claims }, node, clock());
    if (!again.ok && again.refusal.code !== "not-found") throw new Error(again.refusal.message);
    if (!again.ok) return refusedAnswer(404, again.refusal);
    document = again.value;
    return undefined;
  });
}

/** The results in the order of the items; a few are begun ahead. */
async function* inOrder<Item, Result>(
  items: Item[],
  begin: (item: Item) => Promise<Result> | Result,
): AsyncGenerator<Result, void> {
  const begun: Promise<Result>[] = [];
  for (let next = 0; next < items.length || begun.length > 0; ) {
    while (begun.length < PARALLEL && next < items.length) {
      const result = Promise.resolve(begin(items[next++] as Item));
      // It is awaited later: until then nobody else handles its failure.
      result.catch(() => {});
      begun.push(result);
    }
    yield await (begun.shift() as Promise<Result>);
  }
}

const versionHeaders = ({ version, modified }: IndexedDocument): BatchAnswer["headers"] => [
  ["ETag", formatETag(version)],
  ["Last-Modified", formatHttpDate(modified)],
];

const refusedAnswer = (status: 403 | 404, refusal: Refusal): BatchAnswer => ({
  status,
  headers: [],
  body: null,
  refusal,
});
