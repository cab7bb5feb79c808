/** Everything that an account holds, and its way into an archive and out of it. */

import { writeArchive } from "../../../transfer/archive/write.js";
import { DatabasesClient } from "../../../transfer/databases/client.js";
import { importDatabases } from "../../../transfer/databases/import.js";
import { readDatabases } from "../../../transfer/databases/read.js";
import { digestOf } from "../../../transfer/digest.js";
import { type ImportResult, importDocuments } from "../../../transfer/import.js";
import { readAccount } from "../../../transfer/read-account.js";
import { readStorage } from "../../../transfer/read-storage.js";
import { openSource } from "../../../transfer/sources/source.js";
import { StorageClient } from "../../../transfer/storage.js";
import { chunksOf } from "../../../transfer/streams.js";
import { zipTree } from "../../unit/transfer/sources";
import { send, type TestApp } from "../provider";
import { storageOrigin } from "../urls";

/** The clients of the transfer for an app of a test. */
export function transferClients({ user, token }: TestApp, fetch = send) {
  const network = { fetch, sleep: async () => {} };
  const storage = new StorageClient({
    root: `${storageOrigin(user)}/storage/${user}`,
    token,
    batchUrl: `${storageOrigin(user)}/batch/${user}`,
    network,
  });
  return {
    storage,
    databases: new DatabasesClient(`${storageOrigin(user)}/databases/${user}`, storage),
  };
}

/** All documents of an account: their types and digests by path. */
async function contentOfStorage(app: TestApp): Promise<Record<string, unknown>> {
  const documents: Record<string, unknown> = {};
  for await (const entry of readStorage(transferClients(app).storage, ["/"])) {
    if (entry.kind !== "document") continue;
    const { digest, length } = await digestOf(chunksOf(entry.body));
    documents[entry.path] = [entry.type, length, digest];
  }
  return documents;
}

/** All databases of an account: schemas, documents as JSON, and the digests of attachments. */
async function contentOfDatabases(app: TestApp): Promise<Record<string, unknown>> {
  const collections: Record<string, { schema: string; documents: Record<string, unknown> }> = {};
  let open: { schema: string; documents: Record<string, unknown> } | undefined;
  for await (const entry of readDatabases(transferClients(app).databases, [])) {
    if (entry.kind === "refused") throw entry.refusal;
    if (entry.kind === "collection") {
      open = { schema: entry.schema, documents: {} };
      collections[JSON.stringify(entry.name)] = open;
      continue;
    }
    for (const { id, json, attachments } of entry.documents) {
      const digests: unknown[] = [];
      for (const attachment of attachments) {
        const bytes = await entry.readAttachment(attachment);
        if (bytes === null) throw new Error(`${id} lacks ${attachment.name}.`);
        digests.push([attachment.name, bytes.byteLength, await digestOf(once(bytes))]);
      }
      (open as typeof open & object).documents[`id ${id}`] = [json, digests];
    }
  }
  return collections;
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

/** Everything that an account holds, to be compared. */
export const contentOf = async (app: TestApp) => ({
  documents: await contentOfStorage(app),
  databases: await contentOfDatabases(app),
});

/** Exports an account. Fails if anything cannot be read. */
export async function exportAccount(
  app: TestApp,
  modules: string[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const { storage, databases } = transferClients(app);
  async function* entries() {
    for await (const entry of readAccount(storage, databases, modules)) {
      if (entry.kind === "failure") throw entry.error;
      yield entry;
    }
  }
  const onIncomplete = (label: string, id: string) => {
    throw new Error(`${label}/${id} is incomplete.`);
  };
  const address = `${app.user}@satchel.example`;
  const info = { address, modules, now: new Date(), hasDatabases: true, onIncomplete };
  return new Uint8Array(await new Response(writeArchive(entries(), info)).arrayBuffer());
}

/** Imports an archive. Returns how many had each outcome, and what was refused. */
export async function importAccount(
  app: TestApp,
  archive: Uint8Array,
  onConflict: "keep" | "replace" = "keep",
  fetch = send,
): Promise<{ counts: Record<string, number>; refused: unknown[] }> {
  const { storage, databases } = transferClients(app, fetch);
  const source = await openSource(await zipTree(archive));
  const results: ImportResult[] = [];
  for await (const one of importDocuments(source.documents, storage, { onConflict })) {
    results.push(one);
  }
  if (source.databases === null) throw new Error("The archive has no databases.");
  for await (const one of importDatabases(source.databases, databases, { onConflict })) {
    results.push(one);
  }
  const counts: Record<string, number> = {};
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1;
  const refused = results.filter(({ outcome }) => outcome === "refused");
  return { counts, refused: refused.map(({ path, error }) => [path, error?.code, error?.message]) };
}
