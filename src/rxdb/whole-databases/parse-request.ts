/** Parses the queries of requests that read and write databases as a whole. Pure. */

import { MAX_NAME_LENGTH } from "../module";
import { type CallOutcome, refuseMalformed } from "../refusals";
import type { CollectionName, TransferRequest } from "./requests";

/** Parses which collection is meant. Refuses with `malformed`. */
export function parseCollection(query: URLSearchParams): CallOutcome<CollectionName> {
  const [database, collection] = [query.get("database"), query.get("collection")];
  const version = parseNumber(query.get("version"));
  const isName = (name: string | null): name is string =>
    name !== null && name.length <= MAX_NAME_LENGTH;
  return isName(database) && isName(collection) && version !== null
    ? { ok: true, value: { database, collection, version } }
    : refuseMalformed(
        "The query must say which collection: ?database=, &collection= and &version=.",
      );
}

/** Parses a request for documents. Refuses with `malformed`. */
export function parseRead(
  of: CollectionName,
  query: URLSearchParams,
): CallOutcome<TransferRequest> {
  const since = parseNumber(query.get("since") ?? "0");
  const until = query.has("until") ? parseNumber(query.get("until")) : undefined;
  if (since === null || until === null) {
    return refuseMalformed("The numbers since and until must be those of an earlier answer.");
  }
  return { ok: true, value: { kind: "read", of, since, until: until ?? null } };
}

/** Parses a request for an attachment. Refuses with `malformed`. */
export function parseAttachment(
  of: CollectionName,
  query: URLSearchParams,
): CallOutcome<TransferRequest> {
  const [document, name, digest] = ["document", "name", "digest"].map((key) => query.get(key));
  if (document == null || name == null || digest == null) {
    return refuseMalformed("The query must say which attachment: &document=, &name= and &digest=.");
  }
  return { ok: true, value: { kind: "attachment", of, document, name, digest } };
}

/** Parses how documents are to be written. Refuses with `malformed`. */
export function parseWriteOptions(
  query: URLSearchParams,
): CallOutcome<{ onConflict: "keep" | "replace"; isDryRun: boolean }> {
  const onConflict = query.get("onConflict") ?? "keep";
  return onConflict === "keep" || onConflict === "replace"
    ? { ok: true, value: { onConflict, isDryRun: query.get("dryRun") === "1" } }
    : refuseMalformed("onConflict must be keep or replace.");
}

const parseNumber = (text: string | null): number | null =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
