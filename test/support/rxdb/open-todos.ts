/** Opens a database with a collection of to-dos, as an app does, and watches its queries. */

import type { MigrationStrategies, RxCollection, RxDatabase } from "rxdb/plugins/core";
import { onTestFinished } from "vitest";
import type { Client } from "./clients";
import { idsOf, TODOS, type Todo } from "./todos";

/** An open database with its collection of to-dos. */
export interface OpenTodos {
  database: RxDatabase;
  todos: RxCollection<Todo>;
}

interface OpenOptions {
  schema?: object;
  options?: object;
  migrationStrategies?: MigrationStrategies;
  /** Whether it outlives the test. */
  isShared?: boolean;
}

/** Opens a database with its collection of to-dos. It is closed after the test. */
export async function openTodos(
  client: Client,
  name: string,
  { schema = TODOS, options = {}, isShared = false, ...creator }: OpenOptions = {},
): Promise<OpenTodos> {
  const database = await client.open(name, options);
  const { todos } = await database.addCollections({
    todos: { schema: schema as typeof TODOS, ...creator },
  });
  // A process may have 16 collections at a time. This does not wait: the socket may be gone for good.
  if (!isShared) onTestFinished(() => void todos?.close().catch(() => {}));
  return { database, todos: todos as RxCollection<Todo> };
}

/** Subscribes to a live query. Returns its latest documents, kept up to date. */
export function watchQuery(query: {
  $: { subscribe(next: (documents: Todo[]) => void): unknown };
}) {
  const live = { ids: [] as string[], documents: [] as Todo[], count: 0 };
  query.$.subscribe((documents) => {
    live.documents = documents;
    live.ids = idsOf(documents);
    live.count++;
  });
  return live;
}
