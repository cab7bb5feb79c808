/** Documents, and then databases, into an account. */

import { labelOf } from "./databases/client.js";
import { importDatabases } from "./databases/import.js";
import { importDocuments } from "./import.js";
import { TransferError } from "./requests.js";

/**
 * Imports documents as `importDocuments` does, and then databases as `importDatabases` does. At a server that takes no
 * databases, each collection is refused.
 * @param {Pick<import("./sources/source.js").Source, "documents" | "databases">} source
 * @param {{storage: import("./storage.js").StorageClient, databases: import("./databases/client.js").DatabasesClient | null}} target
 * @param {import("./import.js").ImportOptions} options
 * @returns {AsyncGenerator<import("./import.js").ImportResult>}
 */
export async function* importAll(
  { documents, databases },
  { storage, databases: client },
  options,
) {
  yield* importDocuments(documents, storage, options);
  if (databases === null) return;
  if (client !== null) {
    yield* importDatabases(databases, client, options);
    return;
  }
  for await (const entry of databases) {
    if (entry.kind === "batch") continue;
    const path = entry.kind === "collection" ? labelOf(entry.name) : entry.path;
    const message = `${path}: this server takes no databases.`;
    yield { path, outcome: "refused", error: new TransferError("unsupported", message) };
  }
}
