/** Archives that were downloaded: what an import finds in them. */

import { openSource } from "../../transfer/sources/source.js";
import { checkBag } from "../unit/transfer/check-bag";
import { zipTree } from "../unit/transfer/sources";
import { unzip } from "./zip";

/** A document of an archive. */
export interface ArchivedDocument {
  type: string;
  bytes: Uint8Array;
  etag: string | null;
  /** Milliseconds since 1970. */
  modified: number | null | undefined;
}

/** The bytes of an archive. Throws if it is no valid bag. */
export async function archiveIn(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const problems = checkBag(unzip(bytes));
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return bytes;
}

/** The documents of an archive outside of databases, by their paths. Throws if an import would refuse one. */
export async function documentsIn(archive: Uint8Array): Promise<Record<string, ArchivedDocument>> {
  const { format, documents } = await openSource(await zipTree(archive));
  if (format !== "archive") throw new Error(`It is read as ${format}.`);
  const found: Record<string, ArchivedDocument> = {};
  for await (const document of documents) {
    if ("refusal" in document) throw document.refusal;
    if ("isSystemFile" in document) throw new Error(`${document.path} is no document.`);
    const { path, type, etag, modified, open } = document;
    const bytes = new Uint8Array(await new Response(await open()).arrayBuffer());
    found[path] = { type, bytes, etag, modified };
  }
  return found;
}

/** What an archive says was changed while it was written. */
export function changesIn(archive: Uint8Array<ArrayBuffer>): unknown[] {
  const file = unzip(archive).find(({ name }) => name.endsWith("/satchel/changes.jsonl"));
  const lines = new TextDecoder().decode(file?.bytes).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}
