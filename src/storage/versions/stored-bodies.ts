/** Lists the bodies that an account has in R2, grouped by document. */

import { decodeLabel } from "../../core/labels";
import { documentFromPath, type NodePath } from "../../core/path";
import { logWarning } from "../../platform/log";
import { withRetry } from "../../platform/retry";
import { bodyKey, documentsPrefix, originalTimeOf } from "../bodies";

/** One version of a document, as R2 has it. */
export interface StoredBody {
  key: string;
  version: string;
  /** Milliseconds since 1970. */
  uploadedAt: number;
  /** Bytes. */
  length: number;
  /** From its metadata, as are those below. */
  replaces: string | undefined;
  /** The document's Content-Type; undefined: the metadata could not be listed. */
  type: string | undefined;
  /** The id of the grant that wrote it; "": the user; undefined: it was written before this was recorded. */
  grant: string | undefined;
  /** When it was modified where it was imported from; null: it is not known. */
  originalTime: number | null;
}

/** The versions of one document that R2 has. */
export interface DocumentBodies {
  /** The first part of the keys: <account>/<document>. */
  prefix: string;
  /** From their metadata, if it belongs to the prefix; null: no metadata does. */
  path: string | null;
  bodies: StoredBody[];
  /** Whether these are all of them, or those of a document with very many: the first, or some of the rest. */
  extent: "all" | "first" | "rest";
  /** The key to go on after: after all bodies of the document, also those that it gets meanwhile. */
  end: string;
}

/** Some of an account's bodies, by document. */
export interface BodyPage {
  documents: DocumentBodies[];
  /** The key to go on after. */
  end: string;
  /** Calls that were made to list them. */
  calls: number;
}

/** Lists all versions of one document that R2 has, in one call unless they are very many. */
export async function listDocumentBodies(
  bucket: R2Bucket,
  account: string,
  node: NodePath,
): Promise<StoredBody[]> {
  const prefix = await bodyKey(account, node, "");
  const lister = new BodyLister(bucket, prefix);
  const objects: R2Object[] = [];
  let from: R2ListOptions = {};
  for (;;) {
    const list = await lister.list(from);
    objects.push(...list.objects);
    if (!list.truncated) return objects.map((object) => toStoredBody(prefix.slice(0, -1), object));
    from = { cursor: list.cursor };
  }
}

/**
 * Lists of R2 that are put together for a document that has more bodies than one holds. One with still
 * more, which is replaced several times a second for hours, is in several pages.
 */
const MAX_LISTS_PER_DOCUMENT = 8;

/**
 * Lists all bodies of an account that come after `after` (a key; null: from the first), about a page of
 * R2's list at a time. The bodies of a document are in one page.
 */
export async function* listBodyPages(
  bucket: R2Bucket,
  account: string,
  after: string | null,
): AsyncGenerator<BodyPage, void> {
  let from: R2ListOptions = after === null ? {} : { startAfter: after };
  let carriedOver: R2Object[] = [];
  let calls = 0;
  /** The document of which the page before had a part. */
  let continued = after === null ? null : documentPrefix(after);
  const lister = new BodyLister(bucket, documentsPrefix(account));
  for (;;) {
    const list = await lister.list(from);
    calls++;
    const documents = Map.groupBy([...carriedOver, ...list.objects], ({ key }) =>
      documentPrefix(key),
    );
    const [last, lastObjects = []] = [...documents].at(-1) ?? [];
    // The next list may have more of it.
    const isCarriedOver =
      list.truncated &&
      last !== undefined &&
      (documents.size > 1 || calls < MAX_LISTS_PER_DOCUMENT);
    carriedOver = isCarriedOver ? lastObjects : [];
    if (isCarriedOver) documents.delete(last);
    if (documents.size > 0) {
      // A part is alone in its page.
      const isPart = list.truncated && !isCarriedOver;
      const extentOf = (prefix: string) =>
        prefix === continued ? "rest" : isPart ? "first" : "all";
      const bodies = [...documents].map(([prefix, objects]) =>
        toDocumentBodies(prefix, objects, extentOf(prefix)),
      );
      const end = isPart
        ? (lastObjects.at(-1) as R2Object).key
        : bodiesEnd([...documents.keys()].at(-1) as string);
      yield { documents: await Promise.all(bodies), end, calls };
      calls = 0;
      continued = isPart ? (last as string) : null;
    }
    if (!list.truncated) return;
    from = { cursor: list.cursor };
  }
}

/** Follows all keys with a prefix: "0" is the character after the slash. */
const bodiesEnd = (prefix: string): string => `${prefix}0`;

/**
 * What is listed at a time, one after the other until R2 answers: R2's own page; so few that the
 * largest metadata cannot fill a list, but usually all versions of a document; one; and one without
 * its metadata.
 */
const LIST_OPTIONS: R2ListOptions[] = [
  { include: ["customMetadata"] },
  { include: ["customMetadata"], limit: 32 },
  { include: ["customMetadata"], limit: 1 },
  { limit: 1 },
];

/**
 * Lists the objects below a prefix, fewer at a time once R2 has failed to list them. Otherwise metadata
 * that R2 can store but not list would stop every sweep of the account at the same place.
 */
class BodyLister {
  readonly #bucket: R2Bucket;
  readonly #prefix: string;
  /** The first of LIST_OPTIONS that is tried. */
  #first = 0;

  constructor(bucket: R2Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  /** Rejects if R2 does not list a single key. */
  async list(from: R2ListOptions): Promise<R2Objects> {
    for (let index = this.#first; ; index++) {
      const options = { prefix: this.#prefix, ...from, ...LIST_OPTIONS[index] };
      try {
        const list = await withRetry(() => this.#bucket.list(options));
        const isLast = index === LIST_OPTIONS.length - 1;
        // Without metadata only what cannot be listed with them.
        this.#first = isLast ? index - 1 : index;
        return list;
      } catch (error) {
        if (index === LIST_OPTIONS.length - 1) throw error;
        logWarning("Bodies could not be listed; fewer are listed at a time.", error);
      }
    }
  }
}

const documentPrefix = (key: string): string => key.slice(0, key.lastIndexOf("/"));

const toDocumentBodies = async (
  prefix: string,
  objects: R2Object[],
  extent: DocumentBodies["extent"],
): Promise<DocumentBodies> => ({
  prefix,
  path: await verifiedPath(prefix, objects),
  bodies: objects.map((object) => toStoredBody(prefix, object)),
  extent,
  end: bodiesEnd(prefix),
});

const toStoredBody = (
  prefix: string,
  { key, uploaded, size, customMetadata }: R2Object,
): StoredBody => ({
  key,
  version: key.slice(prefix.length + 1),
  uploadedAt: uploaded.getTime(),
  length: size,
  replaces: customMetadata?.replaces,
  type: customMetadata?.type === undefined ? undefined : decodeLabel(customMetadata.type),
  grant: customMetadata?.grant,
  originalTime: originalTimeOf(customMetadata),
});

/** The path in the metadata; null if it is missing or not the one that the keys were made from. */
async function verifiedPath(prefix: string, objects: R2Object[]): Promise<string | null> {
  const [account = ""] = prefix.split("/", 1);
  for (const label of new Set(objects.map(({ customMetadata }) => customMetadata?.path))) {
    if (label === undefined) continue;
    const path = decodeLabel(label);
    if ((await bodyKey(account, documentFromPath(path), "")) === `${prefix}/`) return path;
  }
  return null;
}
