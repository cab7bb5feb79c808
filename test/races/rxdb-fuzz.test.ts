/** Whatever a client of RxDB does, it finds what RxDB's own memory storage would have: random steps. */

import { expect, inject, it } from "vitest";
import { client, doorOf, freshDatabase } from "../support/rxdb";
import { Duel, type Open } from "../support/rxdb-duel";
import { someone } from "../support/world";

declare module "vitest" {
  interface ProvidedContext {
    /** RXDB_STEPS in the environment: how many writes and questions are compared. */
    rxdbSteps: string | undefined;
    /** RXDB_SEED: the seed of a failure, to see it again. */
    rxdbSeed: string | undefined;
  }
}

const STEPS = Number(inject("rxdbSteps") || 600);
const SEED = Number(inject("rxdbSeed") || Date.now() % 2 ** 31);

const STEPS_PER_COLLECTION = 100;

it(
  "answers, stores and tells others what RxDB's memory storage would",
  async () => {
    const app = await someone("todos:rw");
    const open: Open = (database, schema) =>
      client(doorOf(app)).storage.createStorageInstance({
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
      const duel = new Duel(seed, freshDatabase(), open);
      try {
        await duel.play(Math.min(STEPS_PER_COLLECTION, STEPS - steps));
      } catch (error) {
        const { indexes, primaryKey } = duel.schema;
        const where = `with RXDB_SEED=${seed}, step ${duel.steps}`;
        throw new Error(`${where}\n${JSON.stringify({ primaryKey, indexes })}\n${error}`);
      }
      steps += duel.steps;
    }
    expect(steps).toBe(STEPS);
  },
  60_000 + STEPS * 200,
);
