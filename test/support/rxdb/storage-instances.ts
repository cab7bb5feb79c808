/** RxDB's storage instances: a collection as RxDB uses it inside, without a database around it. */

import { normalizeMangoQuery, prepareQuery, type RxStorageInstance } from "rxdb/plugins/core";
import { expect } from "vitest";
import type { Client } from "./clients";
import { createParams } from "./sockets";
import { idsOf, TODOS } from "./todos";

export type StorageInstance = RxStorageInstance<Record<string, unknown>, unknown, unknown, unknown>;

/** Opens a storage instance for a collection of to-dos. */
export const openStorageInstance = (
  client: Client,
  databaseName: string,
  schema: object = TODOS,
  params: object = {},
): Promise<StorageInstance> =>
  client.storage.createStorageInstance({
    ...(createParams(databaseName, schema) as never as object),
    ...params,
  } as never) as unknown as Promise<StorageInstance>;

/** A document in the format of RxDB's storages. */
export const storageDocument = (content: object, fields: object = {}): object => ({
  ...content,
  _deleted: false,
  _attachments: {},
  _meta: { lwt: Date.now() },
  _rev: "1-a",
  ...fields,
});

/** Inserts documents, and expects no conflicts. */
export async function insertDocuments(
  instance: StorageInstance,
  ...documents: object[]
): Promise<void> {
  const { error } = await instance.bulkWrite(
    documents.map((document) => ({ document })) as never,
    "x",
  );
  expect(error).toEqual([]);
}

/** A Mango query as RxDB prepares it for its storage. */
export const prepareMango = ({ schema }: StorageInstance, mango: object) =>
  prepareQuery(
    schema as never,
    normalizeMangoQuery(schema as never, structuredClone({ selector: {}, ...mango }) as never),
  ) as never;

/** The ids that a query returns. */
export const queryIds = async (instance: StorageInstance, mango: object = {}): Promise<string[]> =>
  idsOf((await instance.query(prepareMango(instance, mango))).documents as never);
