/** What a module object stores: its SQLite tables, and its attachments in R2. */

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect } from "vitest";
import { moduleStub } from "../../../src/modules/modules";
import { listBodyKeys } from "../provider";
import { accountId, allRows } from "../rows";

/** The object of a user's module. */
export const moduleObject = async (user: string, module = "todos") =>
  moduleStub(env, await accountId(user), module);

/**
 * Gives each to-do that is stored in a user's module a title of so many characters, as if it had been written
 * so, but for the totals of its collection: large documents take long to send.
 */
export async function enlargeTodos(user: string, length: number): Promise<void> {
  await runInDurableObject(await moduleObject(user), (_, { storage: { sql } }) => {
    sql.exec(
      `UPDATE documents SET data = json_set(data, '$.title', ?)
       WHERE data ->> 'title' IS NOT NULL`,
      "x".repeat(length),
    );
  });
}

/** The R2 keys of all large attachments of a user. */
export async function attachmentKeys(user: string): Promise<string[]> {
  const { objects } = await env.BODIES.list({ prefix: `rxdb/${await accountId(user)}/` });
  return objects.map(({ key }) => key);
}

/** Every row of every table of a module object. Bytes are in base64. */
export async function moduleRows(
  user: string,
  module = "todos",
): Promise<Record<string, Record<string, unknown>[]>> {
  return runInDurableObject(await moduleObject(user, module), (_, { storage: { sql } }) => {
    const tables = sql
      .exec<{ name: string }>(
        `SELECT name FROM sqlite_master
         WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT GLOB '_cf*' ORDER BY name`,
      )
      .toArray();
    const toReadable = (value: unknown) =>
      value instanceof ArrayBuffer ? Buffer.from(value).toString("base64") : value;
    const rows = (name: string) =>
      sql
        .exec(`SELECT * FROM ${name}`)
        .toArray()
        .map((row) =>
          Object.fromEntries(Object.entries(row).map(([key, value]) => [key, toReadable(value)])),
        );
    return Object.fromEntries(tables.map(({ name }) => [name, rows(name)]));
  });
}

/** Tables that say who is connected, not what is stored. */
const CONNECTION_TABLES = /connection|session|socket|limit|allowance/;

/** Runs an action, and expects that no row and no body of the account has changed. */
export async function expectModuleUnchanged<T>(
  user: string,
  act: () => Promise<T>,
  module = "todos",
): Promise<T> {
  const takeSnapshot = async () => {
    const { traffic: _, app_use: __, ...index } = await allRows();
    const rows = Object.entries(await moduleRows(user, module));
    const kept = rows.filter(([name]) => !CONNECTION_TABLES.test(name));
    return {
      index,
      rows: Object.fromEntries(kept),
      bodies: [await listBodyKeys(user), await attachmentKeys(user)],
    };
  };
  const before = await takeSnapshot();
  const result = await act();
  expect(await takeSnapshot()).toEqual(before);
  return result;
}
