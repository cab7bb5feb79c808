/** Local databases that are replicated with a module, as apps do that work offline. */

import { type RxCollection, rxStorageInstanceToReplicationHandler } from "rxdb/plugins/core";
import { replicateRxCollection } from "rxdb/plugins/replication";
import { getRxStorageMemory } from "rxdb/plugins/storage-memory";
import { rxStorageInstanceToReplicationHandler as toHandler16 } from "rxdb-16/plugins/core";
import { replicateRxCollection as replicate16 } from "rxdb-16/plugins/replication";
import { getRxStorageMemory as getMemory16 } from "rxdb-16/plugins/storage-memory";
import { onTestFinished } from "vitest";
import type { TestApp } from "../provider";
import { createClient, RXDB_16, type RxdbVersion } from "./clients";
import { createParams, socketPath } from "./sockets";
import { TODOS, type Todo, uniqueDatabaseName } from "./todos";

const toolsOf = ({ version }: RxdbVersion) =>
  version === RXDB_16.version
    ? {
        toHandler: toHandler16 as unknown as typeof rxStorageInstanceToReplicationHandler,
        replicate: replicate16 as unknown as typeof replicateRxCollection,
        memory: getMemory16() as unknown as ReturnType<typeof getRxStorageMemory>,
      }
    : {
        toHandler: rxStorageInstanceToReplicationHandler,
        replicate: replicateRxCollection,
        memory: getRxStorageMemory(),
      };

/** Without attachments, which replication would need more of a handler for. */
const { attachments: _, ...SCHEMA } = TODOS;

/** Opens a database in memory with a collection of to-dos. */
export async function openReplica(rxdb: RxdbVersion): Promise<{ todos: RxCollection<Todo> }> {
  const database = await rxdb.createRxDatabase({
    name: uniqueDatabaseName(),
    storage: toolsOf(rxdb).memory as never,
    multiInstance: false,
  });
  onTestFinished(async () => void (await database.close()));
  const { todos } = await database.addCollections({ todos: { schema: SCHEMA } });
  return { todos: todos as RxCollection<Todo> };
}

/** Replicates to-dos with the module of an app, until both are equal. `stop` waits for that once more. */
export async function replicate(
  todos: RxCollection<Todo>,
  app: TestApp,
  rxdb: RxdbVersion,
): Promise<{ conflicts: unknown[]; stop: () => Promise<void> }> {
  const { toHandler, replicate } = toolsOf(rxdb);
  const client = createClient(socketPath(app), rxdb);
  const instance = await client.storage.createStorageInstance(
    createParams("list", SCHEMA) as never,
  );
  const conflicts: unknown[] = [];
  const { conflictHandler } = todos as unknown as {
    conflictHandler: { isEqual: (a: unknown, b: unknown, context: string) => boolean };
  };
  const handler = toHandler(instance as never, conflictHandler as never, "token");
  const replication = replicate({
    // As an app names it by its address, which does not change with a move.
    replicationIdentifier: "alice@satchel.example",
    collection: todos as never,
    pull: {
      handler: (checkpoint, count) =>
        handler.masterChangesSince(checkpoint as never, count) as never,
      stream$: handler.masterChangeStream$ as never,
    },
    push: {
      handler: async (rows) => {
        const found = await handler.masterWrite(rows as never);
        conflicts.push(...found);
        return found as never;
      },
    },
  });
  // A failure would be repeated for ever.
  const failure = new Promise<never>((_, reject) => replication.error$.subscribe(reject));
  const settle = () => Promise.race([replication.awaitInSync(), failure]);
  await settle();
  return {
    conflicts,
    stop: async () => {
      await settle();
      await replication.cancel();
      await instance.close();
    },
  };
}
