/** Random steps of RxDB clients get the same results as from RxDB's own memory storage. */

import { expect, inject, it } from "vitest";
import { createUserWithApp } from "../support/provider";
import { createClient } from "../support/rxdb/clients";
import { DifferentialRun, type OpenStorage } from "../support/rxdb/differential";
import { moduleRows } from "../support/rxdb/module-rows";
import { socketPath } from "../support/rxdb/sockets";
import { uniqueDatabaseName } from "../support/rxdb/todos";

declare module "vitest" {
  interface ProvidedContext {
    /** RXDB_STEPS in the environment: how many steps are compared. */
    rxdbSteps: string | undefined;
    /** RXDB_SEED: the seed of a failure, to repeat it. */
    rxdbSeed: string | undefined;
  }
}

const STEPS = Number(inject("rxdbSteps") || 250);
const SEED = Number(inject("rxdbSeed") || Date.now() % 2 ** 31);

const STEPS_PER_COLLECTION = 80;

it(
  "answers, stores and broadcasts the same as RxDB's memory storage",
  async () => {
    let app = await createUserWithApp("todos:rw");
    const open: OpenStorage = (database, schema) =>
      createClient(socketPath(app)).storage.createStorageInstance({
        databaseInstanceToken: "token",
        databaseName: database,
        collectionName: "things",
        schema: schema as never,
        options: {},
        multiInstance: false,
        devMode: false,
      }) as never;
    let steps = 0;
    for (let seed = SEED; steps < STEPS; seed++) {
      // A new app now and then, as one alone would reach its rate limit.
      if (seed % 20 === 0) app = await createUserWithApp("todos:rw");
      const run = new DifferentialRun(seed, uniqueDatabaseName(), open);
      try {
        await run.run(Math.min(STEPS_PER_COLLECTION, STEPS - steps), async () => {
          expect(findInconsistencies(await moduleRows(app.user)).join("; ")).toBe("");
        });
      } catch (error) {
        const { indexes, primaryKey } = run.schema;
        const where = `with RXDB_SEED=${seed}, step ${run.steps}`;
        throw new Error(`${where}\n${JSON.stringify({ primaryKey, indexes })}\n${error}`);
      }
      steps += run.steps;
    }
    expect(steps).toBe(STEPS);
  },
  60_000 + STEPS * 200,
);

const byteLength = (text: unknown): number => Buffer.byteLength(String(text));

type Rows = Awaited<ReturnType<typeof moduleRows>>;

/** Returns what is inconsistent in the tables of a module. */
function findInconsistencies({
  collections = [],
  indexes = [],
  documents = [],
  entries = [],
  attachments = [],
}: Rows): string[] {
  const problems: string[] = [];
  for (const { id, bytes, documents: count, seq } of collections) {
    const own = documents.filter(({ collection }) => collection === id);
    const attached = attachments.filter(({ collection }) => collection === id);
    const ids = own.map((document) => document.id).sort();
    let sum = attached.reduce((total, { length }) => total + Number(length), 0);
    for (const { id, data } of own) sum += byteLength(data) + 2 * byteLength(id);
    for (const index of indexes.filter(({ collection }) => collection === id)) {
      const ownEntries = entries.filter((entry) => entry.index === index.id);
      for (const { key, id } of ownEntries) sum += byteLength(key) + byteLength(id);
      const indexedIds = ownEntries.map((entry) => entry.id).sort();
      if (String(indexedIds) !== String(ids))
        problems.push(`${index.definition} has other documents`);
    }
    if (sum !== bytes) problems.push(`collection ${id} has ${sum} bytes, not ${bytes}`);
    const undeleted = own.filter(({ deleted }) => deleted === 0).length;
    if (undeleted !== count)
      problems.push(`collection ${id} has ${undeleted} documents, not ${count}`);
    if (own.some((document) => Number(document.seq) > Number(seq))) problems.push(`a seq of ${id}`);
    const stubs = own.flatMap((document) =>
      Object.entries(
        JSON.parse(String(document.data))._attachments as Record<string, { digest: string }>,
      ).map(([name, { digest }]) => JSON.stringify([document.id, name, digest])),
    );
    const kept = attached.map(({ id, name, digest }) => JSON.stringify([id, name, digest]));
    if (String(stubs.sort()) !== String(kept.sort())) problems.push(`attachments of ${id}`);
  }
  const known = new Set(collections.map(({ id }) => id));
  const ofNoCollection = [...documents, ...attachments, ...indexes].filter(
    (row) => !known.has(row.collection),
  );
  const indexIds = new Set(indexes.map(({ id }) => id));
  const ofNoIndex = entries.filter((entry) => !indexIds.has(entry.index));
  if (ofNoCollection.length + ofNoIndex.length > 0)
    problems.push("rows of collections that were removed");
  return problems;
}
