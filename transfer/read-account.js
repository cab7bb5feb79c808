/** All that an account has, or some of its modules: the source of an export. */

import { readDatabases } from "./databases/read.js";
import { foldersOf, readStorage } from "./read-storage.js";

/** @typedef {import("./read-storage.js").ReadFailure} ReadFailure */

/**
 * Reads documents as `readStorage` does, and then databases as `readDatabases` does, if the server offers that. What
 * cannot be read is announced by a `failure`.
 * @param {import("./storage.js").StorageClient} storage
 * @param {import("./databases/client.js").DatabasesClient | null} databases
 * @param {string[]} modules none: all
 * @returns {AsyncGenerator<import("./archive/write.js").ArchiveEntry | ReadFailure>}
 */
export async function* readAccount(storage, databases, modules) {
  yield* readStorage(storage, foldersOf(modules));
  if (databases === null) return;
  for await (const entry of readDatabases(databases, modules)) {
    if (entry.kind !== "refused") yield entry;
    else yield { kind: "failure", path: entry.path, error: entry.refusal };
  }
}
