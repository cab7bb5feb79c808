/** Lists the bodies that an account has in R2, grouped by document. */

import { documentFromPath } from "../core/path";
import { withRetry } from "../platform/retry";
import { bodyKey, documentsPrefix } from "./bodies";

/** One version of a document, as R2 has it. */
export interface StoredBody {
  key: string;
  version: string;
  /** Milliseconds since 1970. */
  uploadedAt: number;
  /** Bytes. */
  length: number;
  /** From its metadata. */
  replaces: string | undefined;
}

/** The versions of one document that R2 has. */
export interface DocumentBodies {
  /** The first part of the keys: <account>/<document>. */
  prefix: string;
  /** From their metadata, if it belongs to the prefix; null: no metadata does. */
  path: string | null;
  bodies: StoredBody[];
}

/** Some of an account's bodies, by document. */
export interface BodyPage {
  documents: DocumentBodies[];
  /** The key to go on after. */
  lastKey: string;
}

/**
 * Lists all bodies of an account that come after `after` (a key; null: from the first), a page of
 * R2's list at a time. The bodies of a document are in one page, unless they are more than a page.
 */
export async function* listBodyPages(
  bucket: R2Bucket,
  account: string,
  after: string | null,
): AsyncGenerator<BodyPage, void> {
  let from: R2ListOptions = after === null ? {} : { startAfter: after };
  let carriedOver: R2Object[] = [];
  for (;;) {
    const options: R2ListOptions = {
      prefix: documentsPrefix(account),
      include: ["customMetadata"],
      ...from,
    };
    const list = await withRetry(() => bucket.list(options));
    const documents = Map.groupBy([...carriedOver, ...list.objects], ({ key }) =>
      documentPrefix(key),
    );
    const [last, lastObjects] = [...documents].at(-1) ?? [];
    carriedOver = [];
    if (list.truncated && documents.size > 1 && last !== undefined && lastObjects) {
      // The next page may have more of it.
      documents.delete(last);
      carriedOver = lastObjects;
    }
    const lastKey = [...documents.values()].at(-1)?.at(-1)?.key;
    if (lastKey !== undefined) {
      const bodies = [...documents].map(([prefix, objects]) => toDocumentBodies(prefix, objects));
      yield { documents: await Promise.all(bodies), lastKey };
    }
    if (!list.truncated) return;
    from = { cursor: list.cursor };
  }
}

const documentPrefix = (key: string): string => key.slice(0, key.lastIndexOf("/"));

const toDocumentBodies = async (prefix: string, objects: R2Object[]): Promise<DocumentBodies> => ({
  prefix,
  path: await verifiedPath(prefix, objects),
  bodies: objects.map(({ key, uploaded, size, customMetadata }) => ({
    key,
    version: key.slice(prefix.length + 1),
    uploadedAt: uploaded.getTime(),
    length: size,
    replaces: customMetadata?.replaces,
  })),
});

/** The path in the metadata; null if it is missing or not the one that the keys were made from. */
async function verifiedPath(prefix: string, objects: R2Object[]): Promise<string | null> {
  const [account = ""] = prefix.split("/", 1);
  for (const path of new Set(objects.map(({ customMetadata }) => customMetadata?.path))) {
    if (path === undefined) continue;
    if ((await bodyKey(account, documentFromPath(path), "")) === `${prefix}/`) return path;
  }
  return null;
}
